import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { until } from './until.js';

const WAITING = `FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
const CHECKOUT = join(__dirname, '../..');

/** A PostgreSQL as it comes, with all its durability; it can be ended and started again, and taken back to a copy. */
export class SingleServer {
  private server?: EmbeddedPostgres;
  private directory = '';

  get url(): string {
    return this.running.url;
  }

  async open(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'token-auth-faults-'));
    await this.start();
  }

  /** Ends the connections and the server in order. */
  async restart(): Promise<void> {
    await this.running.stop();
    await this.start();
  }

  /** Ends it without a checkpoint, as if the machine had lost its power: what is left is the log. */
  async crash(): Promise<void> {
    const [pid] = (await readFile(join(this.running.dataDir, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGQUIT');
    await this.restart();
  }

  /** What a dump would hold, in a database of its own. Nobody may be connected. */
  async copyDatabase(): Promise<void> {
    await this.administer('CREATE DATABASE copy TEMPLATE token_auth');
  }

  /** As a dump is restored: the same rows in another database under the old one's name. */
  async putDatabaseBack(): Promise<void> {
    await this.administer('DROP DATABASE token_auth');
    await this.administer('ALTER DATABASE copy RENAME TO token_auth');
  }

  /** A backup of the files. */
  async copyData(): Promise<void> {
    const { dataDir } = this.running;
    await this.running.stop();
    await promisify(execFile)('cp', ['-a', dataDir, `${dataDir}-copy`]);
    await this.start();
  }

  async putDataBack(): Promise<void> {
    const { dataDir } = this.running;
    await this.running.stop();
    await rm(dataDir, { recursive: true });
    await rename(`${dataDir}-copy`, dataDir);
    await this.start();
  }

  /** From now on, no commit is done before a standby has confirmed it; and there is none. */
  async demandStandby(): Promise<void> {
    await this.administer(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (nobody)'`);
    await this.administer('SELECT pg_reload_conf()');
    // The server takes it up in its own time; the replicas commit several times a second.
    await until('a commit waits for a standby', async () => (await this.administer(`SELECT ${WAITING}`)).length > 0);
  }

  /** As an operator would who is tired of waiting. */
  async breakOffWaits(): Promise<void> {
    await this.administer(`SELECT pg_cancel_backend(pid) ${WAITING}`);
  }

  async demandNoStandby(): Promise<void> {
    await this.administer('ALTER SYSTEM RESET synchronous_standby_names');
    await this.administer('SELECT pg_reload_conf()');
  }

  async close(): Promise<void> {
    await this.server?.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  private get running(): EmbeddedPostgres {
    if (!this.server) throw new Error('The server has not been started');
    return this.server;
  }

  private async start(): Promise<void> {
    this.server = await startEmbeddedPostgres({ checkout: CHECKOUT, dataDir: this.directory, log: () => undefined });
  }

  private async administer(statement: string): Promise<object[]> {
    const url = new URL(this.url);
    url.pathname = '/postgres';
    const client = new Client({ connectionString: url.href });
    await client.connect();
    try {
      return (await client.query<object>(statement)).rows;
    } finally {
      await client.end();
    }
  }
}
