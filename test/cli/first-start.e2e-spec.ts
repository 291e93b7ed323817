import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient } from '../support/http-client.js';
import { OneConnection } from '../support/one-connection.js';
import { ServiceProcess } from '../support/service-process.js';
import { TlsFiles } from '../support/tls-files.js';

describe('a first start on the embedded database', () => {
  let dataDir: string;
  let service: ServiceProcess;
  const start = (env = {}) => ServiceProcess.run(['serve'], { EMBEDDED_DATA_DIR: dataDir, PORT: '0', ...env });
  const fileOf = (pattern: RegExp) => pattern.exec(service.stdout)?.[1] ?? '';

  beforeAll(async () => {
    const home = await mkdtemp(join(tmpdir(), 'token-auth-start-'));
    await chmod(home, 0o711);
    dataDir = join(home, 'data');
    service = start();
    await service.sees(/Mint a first token:[\s\S]*-d .*\n/);
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  it('keeps the admin token in a file for its owner alone, and not in its output', () => {
    const file = fileOf(/Admin token +(\S+)/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(service.stdout + service.stderr).not.toContain(readFileSync(file, 'utf8').trim());
  });

  it('prints a curl line that mints a first token as it is', async () => {
    const token = readFileSync(fileOf(/cat '([^']+)'/), 'utf8').trim();
    const [, path = ''] = /http:\/\/localhost:\d+(\/api\/v1\/auth\S+)/.exec(service.stdout) ?? [];
    const [, body = ''] = /-d '([^']+)'/.exec(service.stdout) ?? [];
    const answer = await new HttpClient(await service.origin()).post(path, { token, body });
    expect(answer).toMatchObject({ status: 200, body: { tokenType: 'Bearer', tokenData: { name: 'my first token' } } });
  });

  it('names a Swagger UI that is there', async () => {
    const [, path = ''] = /Swagger UI +http:\/\/localhost:\d+(\S+)/.exec(service.stdout) ?? [];
    expect((await fetch(`${await service.origin()}${path}`)).status).toBe(200);
  });

  it('says what is there at later starts, and sets nothing up again', async () => {
    const file = fileOf(/Admin token +(\S+)/);
    const before = readFileSync(file, 'utf8');
    expect(await service.stop()).toBe(0);
    service = start();
    await service.sees(/Token Auth Service is up: Swagger UI at/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const answer = await new HttpClient(await service.origin()).get('/api/v1/identities/details', {
      token: before.trim(),
    });
    expect(answer.status).toBe(200);
  });

  it('stops its database when it is stopped', async () => {
    expect(await service.stop()).toBe(0);
    expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it('names what is there by HTTPS where that is what it speaks', async () => {
    const tls = await TlsFiles.create();
    await tls.make('localhost');
    await tls.use('localhost');
    service = start(tls.env);
    const [, url = ''] = await service.sees(/Swagger UI at (https:\/\/localhost:\d+)\/api\/docs/);
    const admin = readFileSync(fileOf(/admin token in (\S+)/), 'utf8').trim();
    const caller = new OneConnection(url);
    expect((await caller.send('GET', '/api/v1/identities/details', { token: admin })).status).toBe(200);
    caller.close();
    await tls.remove();
  });
});
