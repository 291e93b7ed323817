import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { accountFor } from '../../src/database/embedded/account.js';
import { PostgresServer, runTool, type Setting } from './postgres-server.js';
import { until } from './until.js';

/** A primary, and a standby without whose word the primary acknowledges no commit. */
export class ServerPair {
  private readonly servers: PostgresServer[] = [];
  private directory = '';
  private leader = 0;

  constructor(private readonly tools: string) {}

  /** The database on the server that was promoted last. */
  get url(): string {
    const server = this.servers[this.leader];
    if (!server) throw new Error('The servers have not been started');
    return server.urlOf('postgres');
  }

  async open(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'token-auth-faults-'));
    const setting = {
      tools: this.tools,
      account: accountFor(this.directory),
      password: randomBytes(24).toString('hex'),
    };
    if (setting.account) await chown(this.directory, setting.account.uid, setting.account.gid);
    await this.makePrimary(setting);
    await this.makeStandby(setting);
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (standby)'`);
    await this.query('SELECT pg_reload_conf()');
    await until('the standby confirms commits', async () => {
      const [standby] = await this.query(`SELECT sync_state FROM pg_stat_replication`);
      return standby?.sync_state === 'quorum';
    });
  }

  /** Makes the standby a primary. The old one goes on, and nobody has told it. */
  async promote(): Promise<void> {
    this.leader = 1;
    await this.query('SELECT pg_promote()');
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }

  private async makePrimary(setting: Setting): Promise<void> {
    const [data, passwordFile] = [join(this.directory, 'primary'), join(this.directory, 'password')];
    await writeFile(passwordFile, setting.password);
    const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await runTool(setting, 'initdb', ['-D', data, `--pwfile=${passwordFile}`, ...options]);
    this.servers.push(await PostgresServer.start(setting, data));
  }

  /** A copy that follows; made before the primary waits for it, or else it would itself wait for one when promoted. */
  private async makeStandby(setting: Setting): Promise<void> {
    const data = join(this.directory, 'standby');
    const { port } = this.servers[0];
    const source = `host=127.0.0.1 port=${port} user=postgres application_name=standby sslmode=disable`;
    await runTool(setting, 'pg_basebackup', ['-D', data, '-d', source, '-R', '--checkpoint=fast', '--no-sync']);
    this.servers.push(await PostgresServer.start(setting, data));
  }

  private async query(statement: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }
}
