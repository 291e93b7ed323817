import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Restore } from '../../src/access-token/restore.service.js';
import { serviceContext } from '../../src/access-token/service-context.js';
import { migrate } from '../../src/database/migrate.js';
import { prepareSchema } from '../../src/cli/schema.js';
import { createLogger } from '../../src/common/logger.js';
import { AppConfig } from '../../src/config/app-config.js';
import { KeysOf } from '../support/keys-of.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { DAY, PastRecords } from '../support/past-records.js';
import { ServiceProcess } from '../support/service-process.js';
import { TestApp } from '../support/test-app.js';
import { urlOf } from '../support/test-database.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const ROLES = ['owner', 'service', 'retention'] as const;
type RoleName = (typeof ROLES)[number];

async function ask(url: string, statement: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as object[];
  } finally {
    await client.end();
  }
}

describe('the roles of the database', () => {
  const suffix = randomBytes(8).toString('hex');
  const role = (name: RoleName): string => `role-"${name}"-${suffix}`;
  const quoted = (name: RoleName): string => pg.escapeIdentifier(role(name));
  const administrator = urlOf('postgres');
  const env: Record<string, string> = {};
  let app: TestApp;
  let superuser: string;

  /** The database by way of a role. */
  const as = (name: RoleName): string => {
    const url = new URL(superuser);
    [url.username, url.password] = [encodeURIComponent(role(name)), suffix];
    return url.href;
  };

  /** A database of which one role owns everything, migrated as the Job does it: with the database's address alone. */
  const migrateAsOwner = async (url: string): Promise<string> => {
    superuser = url;
    for (const name of ROLES) await ask(administrator, `CREATE ROLE ${quoted(name)} LOGIN PASSWORD '${suffix}'`);
    await ask(url, `DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION ${quoted('owner')}`);
    await ask(url, `GRANT USAGE ON SCHEMA public TO PUBLIC`);
    const roles = ['--service-role', role('service'), '--retention-role', role('retention')];
    const job = ServiceProcess.run(['migrate', ...roles], { NODE_ENV: 'production', DATABASE_URL: as('owner') });
    expect({ status: await job.exit(), stderr: job.stderr }).toEqual({ status: 0, stderr: '' });
    env.RETENTION_DATABASE_URL = as('retention');
    return as('service');
  };

  beforeAll(async () => {
    app = await TestApp.start({ via: migrateAsOwner, env });
  });
  afterAll(async () => {
    await app.stop();
    for (const name of ROLES) await ask(administrator, `DROP ROLE ${quoted(name)}`);
  });

  it('let the service mint, use, renew, introspect, revoke, change its keys, be restored and clean up', async () => {
    const api = new TokenAuthApi(app);
    const { id, token, tokenId } = await app.given.identity({ role: 'admin' });
    const other = await app.given.identity();
    const renewed = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    expect(renewed.status).toBe(200);
    await new KeysOf(app).rotate();
    expect(await api.use((await app.given.mint(id)).accessToken)).toBe(200);
    expect((await new OAuth2Api(app).introspect({ token })).body).toMatchObject({ active: true });
    expect((await api.revoke(tokenId)).status).toBe(200);
    expect(await api.use(token)).toBe(401);
    expect((await api.detach(other.id)).status).toBe(200);
    expect(await api.events('revoke-token-identity-token-auth', id)).toHaveLength(1);
    await app.nest.get(Restore).accept({ isUndetected: true }, serviceContext(app.clock.now()));
    expect(await api.use(renewed.body.accessToken as string)).toBe(401);
    app.clock.advance(4000 * DAY);
    await new PastRecords(app).cleanUp();
    // The newest entry stays.
    expect(await ask(superuser, 'SELECT FROM revocation')).toHaveLength(1);
    expect(await ask(superuser, 'SELECT FROM audit_event')).toEqual([]);
  });

  it.each([
    'UPDATE revocation SET effect = effect',
    'DELETE FROM revocation',
    'TRUNCATE revocation',
    'UPDATE audit_event SET outcome = outcome',
    'DELETE FROM audit_event',
    'TRUNCATE audit_event',
    `INSERT INTO migration (timestamp, name) VALUES (1, 'x')`,
    'ALTER TABLE role ADD COLUMN x text',
  ])('refuse the service: %s', async (statement) => {
    await expect(ask(as('service'), statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('are complete: the service may work on every other table, and retention may see nothing else', async () => {
    const tables = `SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
    const may = (name: RoleName, privileges: string) =>
      `SELECT name FROM (${tables}) t WHERE ${privileges
        .split(' ')
        .map((privilege) => `has_table_privilege('${role(name)}', name, '${privilege}')`)
        .join(' AND ')} ORDER BY name`;
    const logs = [{ name: 'audit_event' }, { name: 'revocation' }];
    const all = await ask(superuser, `${tables} ORDER BY name`);
    expect(await ask(superuser, may('service', 'SELECT'))).toEqual(all);
    expect(await ask(superuser, may('service', 'SELECT INSERT UPDATE DELETE'))).toHaveLength(all.length - 3);
    expect(await ask(superuser, may('retention', 'SELECT'))).toEqual(logs);
    expect(await ask(superuser, may('retention', 'SELECT DELETE'))).toEqual(logs);
    expect(await ask(superuser, may('retention', 'INSERT'))).toEqual([]);
  });

  it('are set up again by every migration, whatever somebody changed meanwhile', async () => {
    await ask(as('owner'), `GRANT ALL ON revocation, migration TO ${quoted('service')}`);
    await ask(as('owner'), `REVOKE ALL ON replica FROM ${quoted('service')}`);
    await migrate(as('owner'), { roles: { service: role('service') } });
    await expect(ask(as('service'), 'DELETE FROM revocation')).rejects.toMatchObject({ code: '42501' });
    await expect(ask(as('service'), 'SELECT id FROM replica LIMIT 1')).resolves.toEqual(expect.any(Array));
  });

  it('are refused where they would keep nothing from the service', async () => {
    const set = (service: string) => migrate(as('owner'), { roles: { service } });
    await expect(set('nobody-of-that-name')).rejects.toThrow('There is no database role "nobody-of-that-name"');
    await expect(set(role('owner'))).rejects.toThrow('owns the schema');
    await expect(set('postgres')).rejects.toThrow('superuser');
    await ask(as('owner'), 'GRANT DELETE ON audit_event TO PUBLIC');
    await expect(set(role('service'))).rejects.toThrow('may still UPDATE or DELETE or TRUNCATE in "audit_event"');
    await ask(as('owner'), 'REVOKE DELETE ON audit_event FROM PUBLIC');
  });

  it('are named to a service that nobody let in', async () => {
    const config = AppConfig.load({});
    const start = prepareSchema(
      Object.assign(config, { MIGRATE_ON_START: false }),
      { databaseUrl: as('retention'), keyEncryptionKeys: [] },
      createLogger('silent', false),
    );
    await expect(start).rejects.toThrow('token-auth migrate --service-role');
  });
});
