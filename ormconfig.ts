import { DataSource } from 'typeorm';
import { AppConfig } from './src/config/app-config.js';
import { dataSourceOptions } from './src/database/data-source-options.js';

const { DATABASE_URL, DATABASE_POOL_SIZE } = AppConfig.load(undefined, { isDatabaseAlone: true });
if (DATABASE_URL === undefined)
  throw new Error('Set DATABASE_URL to the database that the TypeORM command line is to work on.');

/** What the TypeORM command line uses: `npm run build && npm run typeorm -- migration:show`. */
export default new DataSource(
  dataSourceOptions({ url: DATABASE_URL, poolSize: DATABASE_POOL_SIZE, hasTimeouts: false }),
);
