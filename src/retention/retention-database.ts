import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { AppConfig } from '../config/app-config.js';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { isSameDatabase } from '../database/same-database.js';

/** The database by way of the role that may remove what is append-only to the service. */
@Injectable()
export class RetentionDatabase {
  private readonly log = new Logger(RetentionDatabase.name);
  private isReported = false;

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /** Lends a connection, which is open no longer than the work takes. */
  async use<T>(work: (db: DataSource) => Promise<T>): Promise<T> {
    const url = this.config.RETENTION_DATABASE_URL;
    if (url === undefined) return work(this.dataSource);
    const options = dataSourceOptions({ url, poolSize: 1, hasTimeouts: true });
    const db = await new DataSource({ ...options, entities: [], migrations: [] }).initialize();
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  }

  /**
   * Throws unless the transaction runs in the service's own database: how long records are kept, and what replicas
   * still have to read, is known of that one alone.
   */
  async verify(tx: EntityManager): Promise<void> {
    if (tx.connection === this.dataSource) return;
    const isSame = await isSameDatabase(
      (text, values) => tx.query(text, values),
      (text, values) => this.dataSource.query(text, values),
    );
    if (!isSame && !this.isReported)
      this.log.error('RETENTION_DATABASE_URL leads to another database than DATABASE_URL; nothing is deleted there');
    this.isReported = !isSame;
    if (!isSame) throw new ServiceUnavailableError('RETENTION_DATABASE_URL leads to another database');
  }
}

/** Whether the role of the connection may remove rows of a table. */
export async function mayRemove(db: DataSource, table: string): Promise<boolean> {
  const [row]: { may: boolean }[] = await db.query(
    `SELECT has_table_privilege($1, 'SELECT') AND has_table_privilege($1, 'DELETE') AS may`,
    [table],
  );
  return row?.may ?? false;
}
