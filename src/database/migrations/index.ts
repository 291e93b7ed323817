import { CreateTables1795500000000 } from './1795500000000-create-tables.js';

/** All migrations, oldest first. One that has been released is never edited. */
export const migrations = [CreateTables1795500000000];
