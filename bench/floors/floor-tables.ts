import type { BenchDatabase } from '../database.js';
import { MINTERS } from '../world.js';

/** The id of the n-th identity of the floor, as an expression of SQL. */
const identityIdSql = (n: string): string => `('00000000-0000-4000-8000-' || lpad(${n}::text, 12, '0'))::uuid`;

const TABLES = [
  'CREATE SCHEMA floor',
  'CREATE TABLE floor.token_auth_config (LIKE public.token_auth_config INCLUDING ALL)',
  'CREATE TABLE floor.access_token (LIKE public.access_token INCLUDING ALL)',
  'CREATE TABLE floor.audit_event (LIKE public.audit_event INCLUDING ALL)',
  `INSERT INTO floor.token_auth_config
     SELECT gen_random_uuid(), ${identityIdSql('n')}, 3600, 0, 0, '[]', now(), now()
     FROM generate_series(1, ${MINTERS}) AS n`,
  'ANALYZE floor.token_auth_config',
];

/** Copies of the service's tables with all their indexes, and without their foreign keys: nothing to look up. */
export async function makeFloorTables(database: BenchDatabase): Promise<void> {
  for (const statement of TABLES) await database.query(statement);
}

/** The statements of one token; $1 is the number of its identity. Each takes what the one before it gave. */
export const SELECT_CONFIG = `
  SELECT ttl, max_ttl, num_uses_limit FROM floor.token_auth_config WHERE identity_id = ${identityIdSql('$1')}`;

export const INSERT_TOKEN = `
  INSERT INTO floor.access_token (id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl,
    num_uses_limit, num_uses, epoch, expires_at, minted_by, created_at, updated_at)
  VALUES (gen_random_uuid(), ${identityIdSql('$1')}, ${identityIdSql('1')}, 'floor', 'token-auth', 'bench', 3600, 0,
    0, 0, 0, now() + interval '1 hour', ${identityIdSql('$1')}, now(), now())`;

export const INSERT_AUDIT = `
  INSERT INTO floor.audit_event (id, event, outcome, organization_id, actor_identity_id, actor_token_id, identity_id,
    token_id, details, ip_address, user_agent, req_id, created_at)
  VALUES (gen_random_uuid(), 'create-token-identity-token-auth', 'success', ${identityIdSql('1')},
    ${identityIdSql('$1')}, gen_random_uuid(), ${identityIdSql('$1')}, gen_random_uuid(), '{}', '127.0.0.1', 'floor',
    'req-00000000000000', now())`;
