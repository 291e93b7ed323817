import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createDatabase, dropDatabase } from '../support/test-database.js';

const ROOT = join(__dirname, '../..');

describe('ormconfig.ts', () => {
  let url: string;
  beforeAll(async () => {
    url = await createDatabase();
  });
  afterAll(() => dropDatabase(url));

  /** The TypeORM command line, as `npm run typeorm` runs it. */
  const typeorm = (command: string, env: Record<string, string>, ...args: string[]) =>
    spawnSync(process.execPath, ['node_modules/typeorm/cli.js', '-d', 'dist/ormconfig.js', command, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
    });
  const environment = () => ({ DATABASE_URL: url });

  it('shows which migrations have run', () => {
    const { status, stdout } = typeorm('migration:show', environment());
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/\[X\] \d+ CreateTables/) });
  });

  it('finds no drift between entities and schema', () => {
    const { status, stdout } = typeorm('migration:generate', environment(), '--check', join(ROOT, 'dist/none'));
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('No changes') });
  });

  it('asks for DATABASE_URL', () => {
    const { status, stdout, stderr } = typeorm('migration:show', {});
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain('Set DATABASE_URL');
  });
});
