import { Restore } from '../../src/access-token/restore.service.js';
import { serviceContext } from '../../src/access-token/service-context.js';
import { migrate } from '../../src/database/migrate.js';
import { prepareSchema } from '../../src/cli/schema.js';
import { createLogger } from '../../src/common/logger.js';
import { AppConfig } from '../../src/config/app-config.js';
import { ask, DatabaseRoles } from '../support/database-roles.js';
import { KeysOf } from '../support/keys-of.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { DAY, PastRecords } from '../support/past-records.js';
import { TestApp } from '../support/test-app.js';
import { TestClock } from '../support/test-clock.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

describe('the roles of the database', () => {
  const roles = new DatabaseRoles();
  const { as, role, quoted, env } = roles;
  let app: TestApp;
  let superuser: string;
  beforeAll(async () => {
    // Long ago, so that by PostgreSQL's clock too every token has expired that retention deletes.
    const clock = new TestClock();
    clock.advance(-9000 * DAY);
    app = await TestApp.start({ via: roles.migrateAsOwner, env, clock });
    ({ superuser } = roles);
  });
  afterAll(async () => {
    await app.stop();
    await roles.drop();
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
    'DELETE FROM signing_key',
    'TRUNCATE signing_key',
    'DELETE FROM instance',
    `INSERT INTO instance (id, incarnation) VALUES (2, gen_random_uuid())`,
    'TRUNCATE access_token',
    'TRUNCATE epoch',
    'SET session_replication_role = replica',
    'ALTER TABLE access_token DISABLE TRIGGER ALL',
    'DROP TRIGGER keep_token ON access_token',
    'CREATE TRIGGER x BEFORE INSERT ON revocation EXECUTE FUNCTION forbid_statement()',
    `CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
    'DROP FUNCTION forbid_change CASCADE',
  ])('refuse the service: %s', async (statement) => {
    await expect(ask(as('service'), statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('are complete: the service may work on every other table, and retention may see nothing else', async () => {
    const tables = `SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
    const may = (name: 'service' | 'retention', privileges: string) =>
      `SELECT name FROM (${tables}) t WHERE ${privileges
        .split(' ')
        .map((privilege) => `has_table_privilege('${role(name)}', name, '${privilege}')`)
        .join(' AND ')} ORDER BY name`;
    const logs = [{ name: 'audit_event' }, { name: 'revocation' }];
    const all = await ask(superuser, `${tables} ORDER BY name`);
    expect(await ask(superuser, may('service', 'SELECT'))).toEqual(all);
    expect(await ask(superuser, may('service', 'SELECT INSERT UPDATE DELETE'))).toHaveLength(all.length - 5);
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
    await expect(set(role('service'))).rejects.toThrow('may still DELETE in "audit_event"');
    await ask(as('owner'), 'REVOKE DELETE ON audit_event FROM PUBLIC');
    await ask(as('owner'), 'GRANT TRIGGER ON identity TO PUBLIC');
    await expect(set(role('service'))).rejects.toThrow('may still TRIGGER in "identity"');
    await ask(as('owner'), 'REVOKE TRIGGER ON identity FROM PUBLIC');
  });

  it.each([
    [
      'may switch off triggers',
      'GRANT SET ON PARAMETER session_replication_role TO',
      'REVOKE SET ON PARAMETER session_replication_role FROM',
    ],
    ['may write to the host', 'GRANT pg_write_server_files TO', 'REVOKE pg_write_server_files FROM'],
    ['may create roles', 'ALTER ROLE', 'ALTER ROLE'],
  ])('are refused where the service %s', async (message, give, take) => {
    const suffixOf = (text: string, end: string) => (text === 'ALTER ROLE' ? end : '');
    await ask(superuser, `${give} ${quoted('service')} ${suffixOf(give, 'CREATEROLE')}`);
    await expect(migrate(as('owner'), { roles: { service: role('service') } })).rejects.toThrow(message);
    await ask(superuser, `${take} ${quoted('service')} ${suffixOf(take, 'NOCREATEROLE')}`);
    await migrate(as('owner'), { roles: { service: role('service') } });
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
