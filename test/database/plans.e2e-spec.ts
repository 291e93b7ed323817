import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { CONNECTION } from '../../src/database/data-source-options.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

interface Measured {
  name: string;
  answered: number;
  read: number;
}

/** A node of a plan that was run, as PostgreSQL tells it. */
interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

const TABLES = ['organization', 'role', 'identity', 'membership', 'token_auth_config', 'access_token', 'epoch'];

/** Writes rows like one of a table, an own one for each of what is given, which differ in their id and some columns. */
const many = (table: string, where: string, differing = '', givenAll = 'generate_series(1, 2000)'): string => `
  INSERT INTO ${table}
  SELECT made.* FROM ${table} one, ${givenAll} AS given,
    jsonb_populate_record(one, jsonb_build_object('id', md5('${table}' || given::text)::uuid ${differing})) made
  WHERE ${where}`;

describe('statements that are prepared', () => {
  let app: TestApp;
  let session: pg.Client;
  beforeAll(async () => {
    app = await TestApp.start();
    session = new pg.Client({ connectionString: app.backing.databaseUrl, ...CONNECTION });
    await session.connect();
  });
  afterAll(async () => {
    await session.end();
    await app.stop();
  });

  /** What the service prepares while it does something. */
  const preparedBy = async (deeds: () => Promise<void>): Promise<Statement[]> => {
    const spy = jest.spyOn(pg.Client.prototype, 'query');
    await deeds();
    const asked = (spy.mock.calls as unknown[][]).map(([statement]) => statement as Partial<Statement>);
    spy.mockRestore();
    const found = new Map(asked.filter(({ name }) => name !== undefined).map((one) => [one.name, one as Statement]));
    return [...found.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  };

  /** How many rows a prepared statement answers and looks at; what it writes gets other ids, and is taken back. */
  const measure = async ({ name, values }: Statement, written: string[]): Promise<Measured> => {
    const parameters = values.map((value) => {
      if (value === null) return 'NULL';
      const text = written.reduce((known, id) => known.replaceAll(id, randomUUID()), textOf(value));
      return session.escapeLiteral(text);
    });
    await session.query('BEGIN');
    const { rows } = await session.query(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE ${name} (${parameters.join(', ')})`);
    await session.query('ROLLBACK');
    const { Plan: plan } = (rows as [{ 'QUERY PLAN': [{ Plan: PlanNode }] }])[0]['QUERY PLAN'][0];
    return { name, answered: plan['Actual Rows'], read: rowsReadBy(plan) };
  };

  it('look up what they need by its key, though they were planned while hardly anything was there', async () => {
    const { organizationId, identityId: adminId, token: admin } = await app.given.root();
    const { id, token, tokenId } = await app.given.identity({ role: 'custom' });
    await app.given.customRole(id, []);
    const second = await app.given.mint(id);
    // What PostgreSQL finds out about tables makes it plan anew.
    for (const table of TABLES) await app.db.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);

    const api = new TokenAuthApi(app);
    const written: string[] = [];
    const uncounted = await app.given.bareIdentity();
    await app.given.attach(uncounted);
    const { slug } = await app.given.subOrganization({ [adminId]: 'admin', [id]: 'no-access' });
    const inSub = await app.given.mint(adminId, { organizationSlug: slug });
    const statements = await preparedBy(async () => {
      await api.mint(uncounted);
      const below = (await api.mint(id, { organizationSlug: slug })).body as { tokenData: { id: string } };
      written.push(below.tokenData.id);
      await api.mint(id);
      // What is remembered by now is minted by with others.
      const minted = (await api.mint(id)).body as { tokenData: { id: string } };
      written.push(minted.tokenData.id);
      await app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, {
        token: admin,
        headers: { 'idempotency-key': randomUUID() },
      });
      await api.read(tokenId);
      await api.list(id, '?limit=2');
      await api.list(id, '?limit=2', inSub.accessToken);
      await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      // The second is asked for by its own row alone.
      await new OAuth2Api(app).introspect({ token });
      await new OAuth2Api(app).introspect({ token: second.accessToken });
    });
    const events: { id: string }[] = await app.db.query('SELECT id FROM audit_event');
    written.push(...events.map((event) => event.id));
    for (const { name, text } of statements) await session.query(`PREPARE ${name} AS ${text}`);
    const measureAll = async (): Promise<Measured[]> => {
      const measured: Measured[] = [];
      for (const statement of statements) measured.push(await measure(statement, written));
      return measured;
    };

    expect(await measureAll()).toMatchObject([
      { name: 'count_live_tokens', answered: 1 },
      { name: 'extend_token', answered: 0 },
      { name: 'hold_active_key', answered: 1 },
      { name: 'hold_token_state', answered: 1 },
      { name: 'list_token_records', answered: 1 },
      { name: 'list_token_records_within_root', answered: 2 },
      { name: 'mint_many', answered: 1 },
      { name: 'mint_one', answered: 1 },
      { name: 'read_latest_epoch', answered: 1 },
      { name: 'read_mint_grounds', answered: 1 },
      { name: 'read_token_records', answered: 1 },
      { name: 'read_token_row', answered: 1 },
      { name: 'read_token_state', answered: 1 },
      { name: 'write_audit_event', answered: 0 },
    ]);
    const ofIt = `one.identity_id = '${id}'`;
    const ofItInRoot = `${ofIt} AND one.organization_id = '${organizationId}'`;
    const grown = `(SELECT id FROM organization WHERE id <> root_id AND slug <> '${slug}')`;
    const others = `(SELECT id FROM identity WHERE id NOT IN (SELECT identity_id FROM token_auth_config))`;
    for (const growth of [
      many('organization', `one.id = '${organizationId}'`, `, 'slug', given, 'parent_id', one.id`),
      many('role', 'true', `, 'slug', given`),
      many('identity', `one.id = '${id}'`),
      many('membership', ofItInRoot, `, 'organization_id', given.id`, grown),
      many('membership', ofItInRoot, `, 'identity_id', given.id`, others),
      many('token_auth_config', ofIt, `, 'identity_id', given.id`, others),
      many('access_token', `one.id = '${tokenId}'`),
    ]) {
      await app.db.query(growth);
    }
    await app.db.query(`INSERT INTO epoch SELECT 'identity', gen_random_uuid(), 1 FROM generate_series(1, 2000)`);
    expect((await measureAll()).filter(({ read }) => read > 200)).toEqual([]);
  });
});

/** A value as PostgreSQL reads it. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `{${value.map((item) => item ?? 'NULL').join(',')}}`;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}

/** Everything that a plan looked at, whether or not it was what it looked for. */
function rowsReadBy(node: PlanNode): number {
  const removed =
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  const here = (node['Actual Rows'] + removed) * node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, plan) => sum + rowsReadBy(plan), here);
}
