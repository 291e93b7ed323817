import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { accountFor } from '../../src/database/embedded/account.js';
import { PostgresServer, runTool, type Setting } from './postgres-server.js';
import { until } from './until.js';

/** A primary and its standby. */
export class ServerPair {
  private readonly servers: PostgresServer[] = [];
  private setting: Setting = { tools: '', account: undefined, password: '' };
  private directory = '';
  private leader = 0;

  constructor(private readonly tools: string) {}

  /** The database on the server that leads: the primary, or what has taken its place since. */
  get url(): string {
    const server = this.servers[this.leader];
    if (!server) throw new Error('The servers have not been started');
    return server.urlOf('postgres');
  }

  /** The primary acknowledges no commit without the word of its standby, unless told otherwise. */
  async open({ isSynchronous = true } = {}): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'token-auth-faults-'));
    const account = accountFor(this.directory);
    this.setting = { tools: this.tools, account, password: randomBytes(24).toString('hex') };
    if (account) await chown(this.directory, account.uid, account.gid);
    await this.makePrimary();
    this.servers.push(await PostgresServer.start(this.setting, await this.backUp('standby', '-R')));
    if (isSynchronous) await this.query(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (standby)'`);
    await this.query('SELECT pg_reload_conf()');
    await until('the standby follows', async () => {
      const [standby] = await this.query(`SELECT sync_state, state FROM pg_stat_replication`);
      return standby?.state === 'streaming' && standby.sync_state === (isSynchronous ? 'quorum' : 'async');
    });
  }

  /** Makes the standby a primary. The old one goes on, and nobody has told it. */
  async promote(): Promise<void> {
    this.leader = 1;
    await this.query('SELECT pg_promote()');
  }

  /** Lets the standby receive nothing any more; what was committed before, it has. */
  async separate(): Promise<void> {
    const standby = this.servers[1].urlOf('postgres');
    const [{ end }] = await this.query('SELECT pg_current_wal_lsn() AS end');
    await until('the standby has everything', async () => {
      const [row] = await ask(standby, `SELECT pg_last_wal_replay_lsn() >= '${String(end)}' AS "isThere"`);
      return row?.isThere === true;
    });
    await ask(standby, `ALTER SYSTEM SET primary_conninfo = ''`);
    await ask(standby, 'SELECT pg_reload_conf()');
    await until('the standby is alone', async () => {
      const followers = await this.query('SELECT FROM pg_stat_replication');
      return followers.length === 0;
    });
  }

  /**
   * A base backup, made while the server runs: its data directory. One that is to follow must be made before the
   * primary waits for it, or else it would itself wait for one when promoted.
   */
  async backUp(name: string, ...options: string[]): Promise<string> {
    const data = join(this.directory, name);
    const { port } = this.servers[this.leader];
    const source = `host=127.0.0.1 port=${port} user=postgres application_name=${name} sslmode=disable`;
    await this.run('pg_basebackup', ['-D', data, '-d', source, ...options, '--checkpoint=fast', '--no-sync']);
    return data;
  }

  /** Ends the server that leads; one on a base backup takes its place. */
  async restore(data: string): Promise<void> {
    await this.servers[this.leader].stop();
    this.leader = this.servers.push(await PostgresServer.start(this.setting, data)) - 1;
  }

  /** One of PostgreSQL's programs. */
  async run(program: string, args: string[]): Promise<void> {
    await runTool(this.setting, program, args);
  }

  /** A path for a file of theirs. */
  fileOf = (name: string): string => join(this.directory, name);

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }

  private async makePrimary(): Promise<void> {
    const [data, passwordFile] = [this.fileOf('primary'), this.fileOf('password')];
    await writeFile(passwordFile, this.setting.password);
    const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await this.run('initdb', ['-D', data, `--pwfile=${passwordFile}`, ...options]);
    // Its transactions have higher numbers than those of any other server here.
    await this.run('pg_resetwal', ['--epoch=1', data]);
    this.servers.push(await PostgresServer.start(this.setting, data));
  }

  private query = (statement: string): Promise<Record<string, unknown>[]> => ask(this.url, statement);
}

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
