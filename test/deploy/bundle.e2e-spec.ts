import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

const RECORDER = pathToFileURL(join(__dirname, '../support/load-recorder.mjs')).href;

describe('the bundle', () => {
  let url: string;
  let directory: string;
  beforeAll(async () => {
    url = await createDatabase();
    directory = await mkdtemp(join(tmpdir(), 'token-auth-loaded-'));
  });
  afterAll(() => Promise.all([dropDatabase(url), rm(directory, { recursive: true })]));

  it('holds what the service loads, once, but for PostgreSQL, reflection and the files of Swagger UI', async () => {
    const file = join(directory, 'files');
    const service = ServiceProcess.run(['serve'], {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      DOCS_ENABLED: 'true',
      PORT: '0',
      LOADED_FILE: file,
      NODE_OPTIONS: `--import=${RECORDER}`,
    });
    const asset = await fetch(`${await service.origin()}/api/docs/swagger-ui.css`).finally(() => service.stop());
    expect(asset.status).toBe(200);
    const loaded = (await readFile(file, 'utf8')).split('\n');
    const packages = loaded.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.slice(1) ?? []);
    expect(packages).toContain('pg');
    const left = /^(pg(-.+)?|postgres-.+|xtend|reflect-metadata|swagger-ui-dist)$/;
    expect([...new Set(packages)].filter((name) => !left.test(name))).toEqual([]);
    expect(loaded.filter((path) => path.includes('/dist/bundle/')).length).toBeGreaterThan(5);
    expect(loaded.filter((path) => /\/dist\/(?!bundle\/)/.test(path) && !path.includes('node_modules'))).toEqual([]);
  });
});
