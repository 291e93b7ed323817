import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppConfig } from '../config/app-config.js';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';
import { dataSourceOptions } from '../database/data-source-options.js';

/** The database by way of the role that may remove what is append-only to the service. */
@Injectable()
export class RetentionDatabase {
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
}

/** Whether the role of the connection may remove rows of a table. */
export async function mayRemove(db: DataSource, table: string): Promise<boolean> {
  const [row]: { may: boolean }[] = await db.query(
    `SELECT has_table_privilege($1, 'SELECT') AND has_table_privilege($1, 'DELETE') AS may`,
    [table],
  );
  return row?.may ?? false;
}
