import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { DataSource } from 'typeorm';
import { commandLine } from '../support/command-line.js';
import { HttpClient } from '../support/http-client.js';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

const key = randomBytes(32).toString('base64');
const environment = (DATABASE_URL: string) => ({
  DATABASE_URL,
  ISSUER: 'http://localhost:8080',
  KEY_ENCRYPTION_KEYS: key,
  PORT: '0',
});

/** What a bootstrap command printed. */
const tokenOf = async (service: ServiceProcess): Promise<string> => {
  expect(await service.exit()).toBe(0);
  return service.stdout.trim();
};

describe('token-auth', () => {
  const databases: string[] = [];
  const running: ServiceProcess[] = [];
  const givenDatabase = async (isMigrated = true) => {
    const url = await createDatabase({ isMigrated });
    databases.push(url);
    return url;
  };
  const run = (args: string[], env: Record<string, string>) => {
    const service = ServiceProcess.run(args, env);
    running.push(service);
    return service;
  };
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop('SIGKILL')));
    await Promise.all(databases.splice(0).map(dropDatabase));
  });

  it('tells its usage and its version by the exit status and the stream that are theirs', async () => {
    const [wrong, version] = [run(['unknown'], {}), run(['--version'], {})];
    expect(await wrong.exit()).toBe(2);
    expect({ stdout: wrong.stdout, stderr: wrong.stderr }).toEqual({
      stdout: '',
      stderr: expect.stringContaining('Usage: token-auth'),
    });
    expect(await version.exit()).toBe(0);
    expect({ stdout: version.stdout, stderr: version.stderr }).toEqual({
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  describe('serve', () => {
    it('tells everything that is wrong with the environment, and no value', async () => {
      const service = run(['serve'], { DATABASE_URL: 'mysql://secret-value', PORT: 'many-secrets', LOG_LEVEL: 'loud' });
      expect(await service.exit()).toBe(1);
      // A line for each, whatever the number of things that are wrong with it.
      const told = [...service.stderr.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
      expect(told.toSorted()).toEqual(['DATABASE_URL', 'ISSUER', 'KEY_ENCRYPTION_KEYS', 'LOG_LEVEL', 'PORT']);
      expect(service.stderr).not.toMatch(/secret|many|loud/);
    });

    it('refuses a schema that is behind, and says what to do', async () => {
      const service = run(['serve'], environment(await givenDatabase(false)));
      expect(await service.exit()).toBe(1);
      expect(service.stderr).toContain('token-auth migrate');
      expect(service.stderr).toContain('CreateTables');
    });

    it('refuses a schema that has left it behind, and says what to do', async () => {
      const url = await givenDatabase();
      const db = await new DataSource({ type: 'postgres', url }).initialize();
      await db.query('UPDATE instance SET schema_floor = 9999999999999');
      await db.destroy();
      const service = run(['serve'], environment(url));
      expect(await service.exit()).toBe(1);
      expect(service.stderr).toContain('run that version or a later one');
    });

    it('waits for a server that is not up yet, and gives up in a sentence', async () => {
      const service = run(['serve'], {
        ...environment('postgres://nobody:secret@127.0.0.1:1/none'),
        DATABASE_CONNECT_TIMEOUT: '1',
      });
      expect(await service.exit()).toBe(1);
      expect(service.stdout).toContain('waiting for the database at 127.0.0.1:1');
      expect(service.stderr).toContain('DATABASE_CONNECT_TIMEOUT');
      expect(service.stdout + service.stderr).not.toContain('secret');
    });

    it('starts once the server is up', async () => {
      const url = new URL(await givenDatabase());
      const upstream = Number(url.port);
      const proxy = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const { port } = proxy.address() as { port: number };
      await new Promise((resolve) => proxy.close(resolve));
      url.port = String(port);
      const service = run(['serve'], environment(url.href));
      await service.sees(/waiting for the database/);
      const forward = createServer((socket) => {
        const other = connect(upstream, '127.0.0.1');
        socket.on('error', () => other.destroy());
        other.on('error', () => socket.destroy());
        socket.pipe(other).pipe(socket);
      });
      await new Promise<void>((resolve) => forward.listen(port, '127.0.0.1', resolve));
      expect((await fetch(`${await service.origin()}/api/status`)).status).toBe(200);
      expect(await service.stop()).toBe(0);
      await new Promise((resolve) => forward.close(resolve));
    });

    it('ends where its port is taken', async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '0.0.0.0', resolve));
      const { port } = taken.address() as { port: number };
      const service = run(['serve'], { ...environment(await givenDatabase()), PORT: String(port) });
      expect(await service.exit()).toBe(1);
      expect(service.stderr).toBe(`The port ${port} is taken; set PORT to another one, or to 0 for any\n`);
      await new Promise((resolve) => taken.close(resolve));
    });

    it('refuses files for TLS that are of no use, before it opens anything', async () => {
      const env = { ...environment('postgres://127.0.0.1:1/none'), TLS_CERT_FILE: '/no/cert', TLS_KEY_FILE: '/no/key' };
      const service = run(['serve'], env);
      expect(await service.exit()).toBe(1);
      expect(service.stderr).toMatch(/^TLS_CERT_FILE can not be read \(ENOENT.*\/no\/cert'\)\n$/);
      expect(service.stdout).toBe('');
    });

    it('finishes what it is doing on Ctrl-C too, though a client keeps its connection', async () => {
      const service = run(['serve'], environment(await givenDatabase()));
      const origin = await service.origin();
      expect((await fetch(`${origin}/api/status`, { headers: { connection: 'keep-alive' } })).status).toBe(200);
      expect(await service.stop('SIGINT')).toBe(0);
      expect(service.stdout).toContain('stopped');
    });
  });

  describe('migrate', () => {
    it.each([
      {
        what: 'database',
        change: (url: URL) => (url.pathname = '/no-such-database'),
        says: /: .*no-such-database.* \(3D000\)/,
      },
      { what: 'role', change: (url: URL) => (url.username = 'no-such-role'), says: /: .*no-such-role.* \(28\w{3}\)/ },
    ])('tells in the words of the server which $what it refused, and no password', async ({ change, says }) => {
      const url = new URL(await givenDatabase(false));
      change(url);
      const { status, stdout, stderr } = await commandLine(['migrate'], { env: { DATABASE_URL: url.href } });
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(says);
      expect(stderr).not.toContain(url.password);
    });

    it('brings an empty database up, and then has nothing to do', async () => {
      const env = environment(await givenDatabase(false));
      const first = run(['migrate'], env);
      expect(await first.exit()).toBe(0);
      expect(first.stdout).toContain('CreateTables');
      const again = run(['migrate', '--json'], env);
      expect(await again.exit()).toBe(0);
      expect(JSON.parse(again.stdout)).toEqual({ migrated: [] });
    });
  });

  describe('bootstrap', () => {
    it('prints a token that works, once', async () => {
      const env = environment(await givenDatabase());
      const token = await tokenOf(run(['bootstrap', '--organization', 'Acme'], env));
      const service = run(['serve'], env);
      const answer = await new HttpClient(await service.origin()).get('/api/v1/identities/details', { token });
      expect(answer.body).toMatchObject({ identityDetails: { organization: { name: 'Acme', slug: 'acme' } } });
      const list = run(['identities', 'list', '--url', await service.origin(), '--token-file', '-'], {});
      list.child.stdin?.end(token);
      expect({ status: await list.exit(), stderr: list.stderr }).toEqual({ status: 0, stderr: '' });
      expect(list.stdout).toContain('Instance Admin Identity');
      const again = run(['bootstrap'], env);
      expect(await again.exit()).toBe(1);
      expect(again.stderr).toContain('set up already');
    });

    it('gives whoever lost the last token a new administrator, in the audit log', async () => {
      const url = await givenDatabase();
      await tokenOf(run(['bootstrap'], environment(url)));
      const token = await tokenOf(run(['bootstrap', '--recover'], environment(url)));
      const service = run(['serve'], environment(url));
      const http = new HttpClient(await service.origin());
      const { body } = await http.get('/api/v1/identities/details', { token });
      const { id } = body.identityDetails.organization as { id: string };
      expect(
        (await http.post('/api/v1/identities', { token, body: { name: 'x', organizationId: id, role: 'admin' } }))
          .status,
      ).toBe(200);
      const db = await new DataSource({ type: 'postgres', url }).initialize();
      const events: object[] = await db.query(
        `SELECT event, organization_id FROM audit_event WHERE event = 'recover-instance'`,
      );
      await db.destroy();
      expect(events).toEqual([{ event: 'recover-instance', organization_id: id }]);
    });

    it('has nothing to recover in an empty instance', async () => {
      const command = run(['bootstrap', '--recover'], environment(await givenDatabase()));
      expect(await command.exit()).toBe(1);
      expect(command.stderr).toContain('has not been set up yet');
    });
  });
});
