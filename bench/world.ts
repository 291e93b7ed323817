import { newId } from '../src/common/random-id.js';
import { Api } from './api.js';
import type { BenchDatabase } from './database.js';
import type { ServiceSetting } from './service.js';
import { type Holder, type MadeToken, spread, TokenMaker } from './token-maker.js';

export const MINTERS = 500;

/** Seconds; no max TTL, so that tokens can be renewed without end. */
const CONFIG = { accessTokenTTL: 3600, accessTokenMaxTTL: 0 };

/** Tokens that are asked about over and over. */
const LASTING = 1024;

const IDENTITIES = `
  WITH made AS (
    INSERT INTO identity (id, name, organization_id, has_delete_protection, created_at, updated_at)
    SELECT id, 'minter', $2, false, now(), now() FROM unnest($1::uuid[]) AS id RETURNING id
  ), members AS (
    INSERT INTO membership (id, organization_id, identity_id, role, is_active, created_at, updated_at)
    SELECT gen_random_uuid(), $2, id, 'admin', true, now(), now() FROM made
  )
  INSERT INTO token_auth_config
    (id, identity_id, ttl, max_ttl, num_uses_limit, trusted_ips, created_at, updated_at)
  SELECT gen_random_uuid(), made.id, c.ttl, c.max_ttl, c.num_uses_limit, c.trusted_ips, now(), now()
  FROM made, token_auth_config c WHERE c.identity_id = $3`;

/** Somebody with a token. */
export interface Caller {
  identityId: string;
  token: string;
}

type Minter = Caller & Holder;

/** What the scenarios work with: an organization, identities, and tokens of each kind. */
export interface World {
  /** The administrator's view of a replica. */
  api: Api;
  admin: Caller;
  /** May introspect, and nothing else. */
  verifier: Caller;
  /** Whose tokens are asked about; the administrator mints for it too. */
  holder: Holder;
  /** Identities that mint for themselves, each with a token of its own. */
  minters: Minter[];
  /** Good tokens that are asked about over and over. */
  lasting: MadeToken[];
  maker: TokenMaker;
}

/** Sets the service up by its own API; only what is many goes straight into the tables. */
export async function makeWorld(origin: string, setting: ServiceSetting, database: BenchDatabase): Promise<World> {
  const { organization, identity } = await bootstrap(origin, setting.bootstrapToken);
  const admin = { identityId: identity.id, token: identity.credentials.token };
  const api = new Api(origin, admin.token);
  const verifier = await makeCaller(api, organization.id, 'verifier');
  const target = await makeCaller(api, organization.id, 'member');
  const maker = await TokenMaker.open(database, setting.keyEncryptionKey);
  const holderOf = (identityId: string): Holder => ({
    identityId,
    organizationId: organization.id,
    rootOrganizationId: organization.id,
    parentOrganizationId: null,
  });
  const ids = Array.from({ length: MINTERS }, () => newId());
  await database.query(IDENTITIES, [ids, organization.id, target.identityId]);
  const minters = ids.map(holderOf);
  const minted = await maker.make(minters);
  const holder = holderOf(target.identityId);
  return {
    api,
    admin,
    verifier,
    holder,
    minters: minters.map((minter, index) => ({ ...minter, token: minted[index]?.text ?? '' })),
    lasting: await maker.make(spread([holder], LASTING)),
    maker,
  };
}

interface Bootstrapped {
  organization: { id: string };
  identity: { id: string; credentials: { token: string } };
}

const bootstrap = (origin: string, token: string): Promise<Bootstrapped> =>
  new Api(origin, token).post<Bootstrapped>('/api/v1/admin/bootstrap', {
    email: 'ops@example.com',
    organization: 'Bench',
  });

async function makeCaller(api: Api, organizationId: string, role: string): Promise<Caller> {
  const { identity } = await api.post<{ identity: { id: string } }>('/api/v1/identities', {
    name: role,
    organizationId,
    role,
  });
  const config = `/api/v1/auth/token-auth/identities/${identity.id}`;
  await api.post(config, CONFIG);
  const { accessToken } = await api.post<{ accessToken: string }>(`${config}/tokens`);
  return { identityId: identity.id, token: accessToken };
}
