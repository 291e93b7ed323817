import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { ServiceProcess } from '../support/service-process.js';
import { Replica } from './replica.js';
import { until } from './until.js';

/** Identities whose tokens are watched, and what limits them. Seconds. */
export const KINDS = {
  /** May mint for itself, and lives long. */
  lasting: { role: 'admin', config: { accessTokenTTL: 3600, accessTokenMaxTTL: 7200 } },
  /** Ends soon, renewed or not. */
  brief: { role: 'no-access', config: { accessTokenTTL: 2, accessTokenMaxTTL: 3 } },
  limited: {
    role: 'no-access',
    config: { accessTokenTTL: 3600, accessTokenMaxTTL: 3600, accessTokenNumUsesLimit: 20 },
  },
} as const;

export type Kind = keyof typeof KINDS;

/** A PostgreSQL that the test has started; where it is reached may change. */
export interface Database {
  readonly url: string;
}

/** Three replicas of the service on one database, each with its own way to it. */
export class Cluster {
  readonly replicas: readonly Replica[];
  readonly identities = {} as Record<Kind, string>;
  adminToken = '';
  private readonly bootstrapToken = randomBytes(24).toString('hex');
  private readonly env: Record<string, string>;

  constructor(readonly database: Database) {
    this.env = {
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_POOL_SIZE: '10',
      TRUSTED_PROXIES: '127.0.0.1',
      MIGRATE_ON_START: 'true',
      BOOTSTRAP_ENABLED: 'true',
      BOOTSTRAP_TOKEN: this.bootstrapToken,
    };
    this.replicas = ['a', 'b', 'c'].map((name) => new Replica(name, this.env));
  }

  async open(): Promise<void> {
    const [first, ...others] = this.replicas as [Replica, ...Replica[]];
    await first.open(this.database.url);
    await Promise.all(others.map((replica) => replica.open(this.database.url)));
    await this.setUp(first);
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.close()));
  }

  /** All replicas but one, in an order that chance decides. */
  except(replica?: Replica): Replica[] {
    return this.replicas
      .filter((other) => other !== replica)
      .map((other) => ({ other, order: Math.random() }))
      .toSorted((one, another) => one.order - another.order)
      .map(({ other }) => other);
  }

  /** Waits until each of the replicas finds a good token good. */
  async works(replicas = this.replicas): Promise<void> {
    const accepts = async (replica: Replica): Promise<boolean> => {
      if (replica.crashes.length > 0) throw new Error(replica.crashes.join());
      return (await replica.send({ ...DETAILS, token: this.adminToken, patience: 2000 })).status === 200;
    };
    await Promise.all(
      replicas.map((replica) => until(`replica ${replica.name} accepts a good token`, () => accepts(replica))),
    );
  }

  /** Lets an operator accept the database as it is, and makes another administrator. */
  async acceptRestore(): Promise<void> {
    await this.operate('restore', 'accept');
    this.adminToken = (await this.operate('bootstrap', '--recover')).trim();
  }

  async query<T extends object>(statement: string): Promise<T[]> {
    const client = new Client({ connectionString: this.database.url });
    await client.connect();
    try {
      return (await client.query<T>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  /** Runs a command of the command line to its end; gives what it printed. */
  private async operate(...args: string[]): Promise<string> {
    const command = ServiceProcess.run(args, { ...this.env, DATABASE_URL: this.database.url });
    const status = await command.exit();
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${command.stderr}`);
    return command.stdout;
  }

  private async setUp(replica: Replica): Promise<void> {
    const ask = async (path: string, token: string, body: object) => {
      const answer = await replica.send({ method: 'POST', path, token, body });
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const owner = { email: 'ops@example.com', organization: 'Faults' };
    const { organization, identity } = await ask('/api/v1/admin/bootstrap', this.bootstrapToken, owner);
    const token: string = identity.credentials.token;
    for (const [kind, { role, config }] of Object.entries(KINDS)) {
      const body = { name: kind, organizationId: organization.id, role };
      const { identity: made } = await ask('/api/v1/identities', token, body);
      await ask(`/api/v1/auth/token-auth/identities/${made.id}`, token, config);
      this.identities[kind as Kind] = made.id;
    }
    this.adminToken = token;
  }
}

/** A cheap question that any good token may ask. */
export const DETAILS = { method: 'GET', path: '/api/v1/identities/details' } as const;
