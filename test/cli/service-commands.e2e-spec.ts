import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, type Ended } from '../support/command-line.js';
import { TestApp } from '../support/test-app.js';

describe('token-auth identities and tokens', () => {
  let app: TestApp;
  let admin: string;
  beforeAll(async () => {
    app = await TestApp.start();
    admin = (await app.given.root()).token;
  });
  afterAll(() => app.stop());

  const run = async (...args: string[]): Promise<Ended> =>
    commandLine(args, { env: { TOKEN_AUTH_URL: app.origin, TOKEN_AUTH_TOKEN: admin } });
  /** What a command printed that did what it was told. */
  const done = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim();
  };
  const json = async (...args: string[]) => JSON.parse(await done(...args, '--json'));
  const isGood = async (token: string) => (await app.http.get('/api/v1/identities/details', { token })).status === 200;

  it('take a pipeline from an identity to a token, and end it', async () => {
    const id = await done('identities', 'create', 'deploy', '--role', 'member', '--ttl', '60', '--quiet');
    const token = await done('tokens', 'create', id, '--name', 'ci', '--quiet');
    expect(await isGood(token)).toBe(true);
    const { tokens } = await json('tokens', 'list', id);
    expect(tokens).toMatchObject([{ name: 'ci', identityId: id, accessTokenTTL: 60 }]);
    expect(await done('tokens', 'revoke', tokens[0].id)).toBe(`The token ${tokens[0].id} is revoked.`);
    expect(await isGood(token)).toBe(false);
    const rows = (await done('tokens', 'list', id)).split('\n');
    expect(rows).toEqual([
      expect.stringMatching(/^ID +NAME +REVOKED +USES +LAST USED +CREATED$/),
      expect.stringMatching(new RegExp(`^${tokens[0].id} +ci +yes +\\d+ +\\S+ +\\S+Z$`)),
    ]);
    expect(await done('tokens', 'show', tokens[0].id)).toMatch(/^Revoked +yes$/m);
    expect(await done('identities', 'delete', id)).toBe(`The identity ${id} is deleted, and its tokens are dead.`);
    expect((await run('identities', 'show', id)).status).toBe(1);
  });

  it('tell what is beside a token on standard error', async () => {
    const { id } = await app.given.identity();
    const { status, stdout, stderr } = await run('tokens', 'create', id);
    expect(status).toBe(0);
    expect(await isGood(stdout.trim())).toBe(true);
    expect(stderr).toMatch(/^Token [\w-]{36}, good for \d+ seconds; shown this once:\n$/);
  });

  it('give the same token for the same idempotency key', async () => {
    const { id } = await app.given.identity();
    const create = () => json('tokens', 'create', id, '--idempotency-key', 'build-7');
    expect((await create()).tokenData.id).toBe((await create()).tokenData.id);
  });

  it('create an identity with the limits that are asked for', async () => {
    const limits = [
      '--ttl',
      '60',
      '--max-ttl',
      '120',
      '--uses',
      '5',
      '--trusted-ip',
      '10.0.0.0/8',
      '--trusted-ip',
      '::1',
    ];
    const { identity, identityTokenAuth } = await json(
      'identities',
      'create',
      'limited',
      '--delete-protection',
      ...limits,
    );
    expect(identity).toMatchObject({ name: 'limited', hasDeleteProtection: true });
    expect(identityTokenAuth).toMatchObject({ accessTokenTTL: 60, accessTokenMaxTTL: 120, accessTokenNumUsesLimit: 5 });
    const text = await done('identities', 'show', identity.id);
    for (const line of [
      /^Role +no-access$/m,
      /^TTL +60 s$/m,
      /^Max TTL +120 s$/m,
      /^Uses +5$/m,
      /^From +10\.0\.0\.0\/8, ::1\S*$/m,
    ])
      expect(text).toMatch(line);
  });

  it('say that an identity is there, though its Token Auth could not be attached', async () => {
    const { status, stderr } = await run('identities', 'create', 'half', '--ttl', '60', '--max-ttl', '30');
    expect(status).toBe(1);
    const [, id = ''] =
      /^The identity (\S+) is created, but without Token Auth\. .*accessTokenTTL.*\(422, req-\w+\)\n$/.exec(stderr) ??
      [];
    expect(await done('identities', 'show', id)).toMatch(/^Token Auth +not attached$/m);
  });

  it('change an identity, and only what is said', async () => {
    const id = await app.given.bareIdentity({ role: 'member' });
    await done('identities', 'update', id, '--name', 'renamed', '--delete-protection');
    expect((await json('identities', 'show', id)).identity).toMatchObject({
      role: 'member',
      identity: { name: 'renamed', hasDeleteProtection: true },
    });
    await done('identities', 'update', id, '--no-delete-protection');
    expect((await json('identities', 'show', id)).identity.identity.hasDeleteProtection).toBe(false);
    expect((await run('identities', 'update', id)).status).toBe(2);
  });

  it('list the memberships that an identity has in sub-organizations, and keeps when its role changes', async () => {
    const id = await app.given.bareIdentity({ role: 'member' });
    const [on, off] = [
      await app.given.subOrganization({ [id]: 'admin' }),
      await app.given.subOrganization({ [id]: 'member' }),
    ];
    await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1', [off.id]);
    const listed = [`${on.slug} (admin)`, `${off.slug} (member, switched off)`];
    const text = await done('identities', 'show', id);
    const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(lines).toEqual(expect.arrayContaining(listed.map((membership) => `Also member of ${membership}`)));
    expect((await json('identities', 'show', id)).subOrganizationMemberships).toMatchObject([
      { orgId: on.id, roleSlug: 'admin' },
      { orgId: off.id, roleSlug: 'member' },
    ]);
    expect(await done('identities', 'update', id, '--role', 'no-access')).toContain(
      `Its memberships in sub-organizations are unchanged: ${listed.join(', ')}`,
    );
    const alone = await app.given.bareIdentity({ role: 'member' });
    expect(await done('identities', 'update', alone, '--role', 'no-access')).toBe(`The identity ${alone} is changed.`);
  });

  it('attach Token Auth to an identity, show it, change what is said of it, and detach it', async () => {
    const id = await app.given.bareIdentity();
    const tokenAuth = (command: string, ...rest: string[]) => run('identities', 'token-auth', command, id, ...rest);
    expect(await tokenAuth('show')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('(404, ') });
    const from = ['--trusted-ip', '127.0.0.1', '--trusted-ip', '10.0.0.0/8'];
    expect(await tokenAuth('attach', '--ttl', '60', '--uses', '5', ...from)).toEqual({
      status: 0,
      stdout: `Token Auth is attached to the identity ${id}.\n`,
      stderr: '',
    });
    expect(await tokenAuth('attach')).toMatchObject({ status: 1, stderr: expect.stringContaining('(400, ') });
    const token = await done('tokens', 'create', id, '--quiet');
    const changed = await json('identities', 'token-auth', 'update', id, '--max-ttl', '120', '--uses', '0');
    expect(changed.identityTokenAuth).toMatchObject({ identityId: id, accessTokenTTL: 60, accessTokenMaxTTL: 120 });
    expect((await tokenAuth('show')).stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^Token Auth +attached$/),
      expect.stringMatching(/^TTL +60 s$/),
      expect.stringMatching(/^Max TTL +120 s$/),
      expect.stringMatching(/^Uses +no limit$/),
      expect.stringMatching(/^From +127\.0\.0\.1, 10\.0\.0\.0\/8$/),
    ]);
    expect(await isGood(token)).toBe(true);
    expect(await tokenAuth('update', '--trusted-ip', '192.0.2.1')).toMatchObject({ status: 0, stderr: '' });
    expect(await isGood(token)).toBe(false);
    expect(await tokenAuth('update', '--ttl', '121')).toMatchObject({ status: 1, stdout: '' });
    expect(await tokenAuth('update')).toMatchObject({ status: 2, stderr: expect.stringContaining('--trusted-ip') });
    expect(await done('identities', 'token-auth', 'detach', id)).toBe(
      `Token Auth is detached from the identity ${id}, and its tokens are dead.`,
    );
    expect(await done('identities', 'show', id)).toMatch(/^Token Auth +not attached$/m);
    expect(await done('tokens', 'list', id)).not.toMatch(/ no /);
  });

  it('list identities by page, name and role, and say that there are more', async () => {
    for (const name of ['list-one', 'list-two', 'list-three'])
      await done('identities', 'create', name, '--role', 'member');
    const page = await run('identities', 'list', '--name', 'LIST-', '--role', 'member', '--limit', '2');
    expect(page.stdout.match(/list-\w+/g)).toEqual(['list-one', 'list-three']);
    expect(page.stderr).toBe('2 of 3; more with --offset 2\n');
    expect(await done('identities', 'list', '--name', 'list-', '--offset', '2')).toContain('list-two');
    expect(await json('identities', 'list', '--name', 'list-', '--role', 'admin')).toEqual({
      identities: [],
      totalCount: 0,
    });
  });

  it('let no name steer the terminal', async () => {
    await done('identities', 'create', 'evil\u001b[2J', '--no-token-auth');
    expect(await done('identities', 'list', '--name', 'evil')).toContain('evil\\u{1b}[2J');
  });

  describe('the token to act by', () => {
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'token-auth-cli-'));
    });
    afterAll(() => rm(directory, { recursive: true }));
    const list = (options: string[], rest: { env?: Record<string, string>; stdin?: string } = {}) =>
      commandLine(['identities', 'list', '--url', app.origin, ...options], rest);

    it('comes from a file or standard input, ahead of the environment', async () => {
      const file = join(directory, 'token');
      await writeFile(file, `${admin}\n`);
      const env = { TOKEN_AUTH_TOKEN: 'another', TOKEN_AUTH_URL: 'http://127.0.0.1:1' };
      expect(await list(['--token-file', file], { env })).toMatchObject({ status: 0, stderr: '' });
      expect(await list(['--token-file', '-'], { env, stdin: `${admin}\n` })).toMatchObject({ status: 0, stderr: '' });
    });

    it('is asked for where there is none', async () => {
      expect(await list([])).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('TOKEN_AUTH_TOKEN') });
      expect(await list(['--token-file', join(directory, 'none')])).toMatchObject({ status: 1, stdout: '' });
    });

    it.each(['two\nlines-of-a-secret', '', 'sécret'])('is not shown where it is none (%j)', async (stdin) => {
      expect(await list(['--token-file', '-'], { stdin })).toEqual({
        status: 1,
        stdout: '',
        stderr: 'What was given as the token is none\n',
      });
    });

    it('is not shown when it is refused, and the request can be found by its id', async () => {
      const { status, stdout, stderr } = await list([], { env: { TOKEN_AUTH_TOKEN: 'a-secret' } });
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^.+ \(401, req-\w{14}\)\n$/);
      expect(stderr).not.toContain('a-secret');
    });

    it('is no id: the text of a token is neither sent as one nor shown', async () => {
      const { status, stdout, stderr } = await run('tokens', 'revoke', admin);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).not.toContain(admin);
      expect(await isGood(admin)).toBe(true);
    });
  });

  describe('a service that is none', () => {
    const servers: Server[] = [];
    afterEach(() => {
      for (const server of servers.splice(0)) {
        server.closeAllConnections();
        server.close();
      }
    });
    const given = async (listener: RequestListener): Promise<string> => {
      const server = createServer(listener);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    };
    const list = (url: string, ...options: string[]) => run('identities', 'list', '--url', url, ...options);

    it.each(['ftp://example.com', 'http://user:secret@localhost', 'localhost'])('is not asked (%s)', async (url) => {
      const { status, stderr } = await list(url);
      expect(status).toBe(2);
      expect(stderr).not.toContain('secret');
    });

    it('is told by its address and the reason', async () => {
      expect(await list('http://127.0.0.1:1')).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^No answer from http:\/\/127\.0\.0\.1:1: \S+/),
      });
    });

    it('is not waited for any longer than was said', async () => {
      const url = await given(() => undefined);
      expect(await list(url, '--timeout', '1')).toMatchObject({
        status: 1,
        stderr: `No answer from ${url}: nothing came within 1 seconds\n`,
      });
    });

    it("is told by its status where the answer isn't the service's", async () => {
      const url = await given((_request, response) => response.writeHead(502).end('<html>\u001b[2J</html>'));
      expect(await list(url)).toMatchObject({ status: 1, stderr: "The answer was 502, and not the service's\n" });
    });

    it('sends nobody elsewhere', async () => {
      const paths: (string | undefined)[] = [];
      const url = await given((request, response) => {
        paths.push(request.url);
        response.writeHead(307, { location: '/elsewhere' }).end();
      });
      expect((await list(url)).status).toBe(1);
      expect(paths).toEqual(['/api/v1/identities/search']);
    });

    it('may lie below a path', async () => {
      const paths: (string | undefined)[] = [];
      const url = await given((request, response) => {
        paths.push(request.url);
        response.end('{"identities":[],"totalCount":0}');
      });
      expect((await list(`${url}/tokens?x=1`)).status).toBe(0);
      expect(paths).toEqual(['/tokens/api/v1/identities/search']);
    });
  });
});
