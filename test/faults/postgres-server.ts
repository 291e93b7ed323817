import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, childOptions } from '../../src/database/embedded/account.js';
import { answers } from '../../src/database/embedded/connection.js';

/** Where the packages of the usual systems put PostgreSQL's programs, each version in a directory of its own. */
const PLACES = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'];

/** The programs that the embedded PostgreSQL does not bring. */
const NEEDED = ['initdb', 'pg_resetwal', 'postgres', 'pg_basebackup'];

/** The directory of the newest PostgreSQL on this machine that has these programs too; undefined where there is none. */
export function findTools(...more: string[]): string | undefined {
  const versions = PLACES.filter((place) => existsSync(place)).flatMap((place) =>
    readdirSync(place, { withFileTypes: true })
      .map(({ name }) => ({ directory: join(place, name, 'bin'), version: Number(/[\d.]+$/.exec(name)?.[0] ?? 0) }))
      .filter(({ directory }) => [...NEEDED, ...more].every((program) => existsSync(join(directory, program)))),
  );
  return versions.toSorted((one, other) => other.version - one.version)[0]?.directory;
}

/** How the servers of one test are run. */
export interface Setting {
  tools: string;
  account: Account | undefined;
  password: string;
}

/** One of PostgreSQL's programs, run to its end. */
export async function runTool({ tools, account, password }: Setting, name: string, args: string[]): Promise<void> {
  const { env, ...options } = childOptions(account);
  await promisify(execFile)(join(tools, name), args, { ...options, env: { ...env, PGPASSWORD: password } });
}

/** A server on a data directory that is there already. */
export class PostgresServer {
  private server?: ChildProcess;
  private readonly killAtExit = (): void => void this.server?.kill('SIGQUIT');

  private constructor(
    private readonly setting: Setting,
    private readonly dataDir: string,
    readonly port: number,
  ) {}

  static async start(setting: Setting, dataDir: string): Promise<PostgresServer> {
    const server = new PostgresServer(setting, dataDir, await freePort());
    await server.run();
    return server;
  }

  urlOf(database: string): string {
    return `postgres://postgres:${this.setting.password}@127.0.0.1:${this.port}/${database}?sslmode=disable`;
  }

  /** Ends all connections, then the server. */
  async stop(): Promise<void> {
    const { server } = this;
    process.off('exit', this.killAtExit);
    if (!server || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGQUIT');
    await ended;
  }

  private async run(): Promise<void> {
    const settings = { port: String(this.port), listen_addresses: '127.0.0.1', unix_socket_directories: '' };
    const assignments = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(join(this.setting.tools, 'postgres'), ['-D', this.dataDir, ...assignments], {
      ...childOptions(this.setting.account),
      stdio: 'ignore',
    });
    this.server = server;
    process.once('exit', this.killAtExit);
    if (await answers(this.urlOf('postgres'), () => server.exitCode === null, Date.now() + 30_000)) return;
    throw new Error(`PostgreSQL ended as it started on ${this.dataDir}`);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
