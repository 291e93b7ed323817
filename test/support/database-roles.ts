import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { ServiceProcess } from './service-process.js';
import { urlOf } from './test-database.js';

const ROLES = ['owner', 'service', 'retention'] as const;
type RoleName = (typeof ROLES)[number];

/** Runs one statement over a connection of its own. */
export async function ask(url: string, statement: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as object[];
  } finally {
    await client.end();
  }
}

/** The three roles of a production database: the owner of the tables, the service's own, and that of retention. */
export class DatabaseRoles {
  /** What a service needs to run under these roles. */
  readonly env: Record<string, string> = {};
  private readonly suffix = randomBytes(8).toString('hex');
  private url = '';

  /** The address of the database as a superuser. */
  get superuser(): string {
    return this.url;
  }

  role = (name: RoleName): string => `role-"${name}"-${this.suffix}`;
  quoted = (name: RoleName): string => pg.escapeIdentifier(this.role(name));

  /** The address of the database as one of the roles. */
  as = (name: RoleName): string => {
    const url = new URL(this.url);
    [url.username, url.password] = [encodeURIComponent(this.role(name)), this.suffix];
    return url.href;
  };

  /** A database of which one role owns everything, migrated as the Job does it: with the database's address alone. */
  migrateAsOwner = async (url: string): Promise<string> => {
    this.url = url;
    for (const name of ROLES)
      await ask(urlOf('postgres'), `CREATE ROLE ${this.quoted(name)} LOGIN PASSWORD '${this.suffix}'`);
    await ask(url, `DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION ${this.quoted('owner')}`);
    await ask(url, `GRANT USAGE ON SCHEMA public TO PUBLIC`);
    const roles = ['--service-role', this.role('service'), '--retention-role', this.role('retention')];
    const job = ServiceProcess.run(['migrate', ...roles], { NODE_ENV: 'production', DATABASE_URL: this.as('owner') });
    if ((await job.exit()) !== 0 || job.stderr !== '') throw new Error(`The migration failed: ${job.stderr}`);
    this.env.RETENTION_DATABASE_URL = this.as('retention');
    return this.as('service');
  };

  async drop(): Promise<void> {
    for (const name of ROLES) await ask(urlOf('postgres'), `DROP ROLE ${this.quoted(name)}`);
  }
}
