import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Closing } from '../closing.js';
import type { BenchDatabase } from '../database.js';
import type { Extent } from '../plan.js';
import type { Sample } from '../scenario.js';
import { expectTrue } from '../wrong-answer.js';
import { MINTERS } from '../world.js';
import { INSERT_AUDIT, INSERT_TOKEN, makeFloorTables, SELECT_CONFIG } from './floor-tables.js';
import { loopOverPg } from './floor-loop.js';

const FLOOR_CLIENTS = 32;

/** Where the packages of the usual systems put PostgreSQL's programs, each version in a directory of its own. */
const PLACES = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'];

/**
 * What PostgreSQL itself needs for a token: select, insert token, insert audit row, commit. One transaction each, from
 * 32 clients, with prepared statements, on the server that is measured.
 */
export class PgbenchFloor {
  private constructor(
    private readonly database: BenchDatabase,
    private readonly program: string | undefined,
    private readonly script: string,
  ) {}

  /** What ran the floor, for the table. */
  get means(): string {
    return this.program === undefined ? 'a loop over pg, for pgbench is not on this machine' : 'pgbench';
  }

  static async open(database: BenchDatabase, closing: Closing): Promise<PgbenchFloor> {
    await makeFloorTables(database);
    const directory = await mkdtemp(join(tmpdir(), 'token-auth-pgbench-'));
    closing.add(() => rm(directory, { recursive: true, force: true }));
    const script = join(directory, 'token.sql');
    const statements = [SELECT_CONFIG, INSERT_TOKEN, INSERT_AUDIT].map(
      (statement) => `${statement.replaceAll(/\s+/g, ' ').replaceAll('$1', ':identity').trim()};`,
    );
    const lines = [String.raw`\set identity random(1, ${MINTERS})`, 'BEGIN;', ...statements, 'COMMIT;'];
    await writeFile(script, lines.join('\n'));
    return new PgbenchFloor(database, findPgbench(), script);
  }

  async measure(extent: Extent): Promise<Sample> {
    const before = await this.database.count('floor.access_token');
    const sample =
      this.program === undefined
        ? await loopOverPg(this.database.url, FLOOR_CLIENTS, extent)
        : await this.runProgram(this.program, extent);
    const [tokens, audits] = [
      await this.database.count('floor.access_token'),
      await this.database.count('floor.audit_event'),
    ];
    expectTrue(tokens > before && tokens === audits, `the floor wrote ${tokens} tokens and ${audits} audit rows`);
    return sample;
  }

  private async runProgram(program: string, extent: Extent): Promise<Sample> {
    const options = ['--no-vacuum', '--protocol=prepared', `--client=${FLOOR_CLIENTS}`, '--jobs=2'];
    const { stdout } = await promisify(execFile)(program, [...options, lengthOf(extent), `--file=${this.script}`], {
      env: environmentOf(this.database.url),
    });
    const rate = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
    const average = Number(/^latency average = ([\d.]+) ms/m.exec(stdout)?.[1]);
    expectTrue(rate > 0 && average > 0 && !/failed transactions: [1-9]/.test(stdout), `pgbench said: ${stdout}`);
    return { rate, average };
  }
}

/** pgbench knows whole seconds, and transactions of each client. */
const lengthOf = (extent: Extent): string =>
  'seconds' in extent
    ? `--time=${Math.max(1, Math.round(extent.seconds))}`
    : `--transactions=${Math.ceil(extent.requests / FLOOR_CLIENTS)}`;

/** A list of processes shows arguments to everybody, the environment to nobody else. */
function environmentOf(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  return {
    PGHOST: hostname,
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
    ...(searchParams.has('sslmode') ? { PGSSLMODE: searchParams.get('sslmode') ?? '' } : {}),
  };
}

function findPgbench(): string | undefined {
  const versions = PLACES.filter((place) => existsSync(place)).flatMap((place) =>
    readdirSync(place).map((name) => ({
      directory: join(place, name, 'bin'),
      version: Number(/[\d.]+$/.exec(name)?.[0] ?? 0),
    })),
  );
  const newestFirst = versions.toSorted((one, other) => other.version - one.version);
  return [...(process.env.PATH ?? '').split(delimiter), ...newestFirst.map(({ directory }) => directory)]
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, 'pgbench'))
    .find((program) => existsSync(program));
}
