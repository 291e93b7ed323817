import type { DataSource } from 'typeorm';

/** The triggers that keep statements from taking back a revocation, a deletion or the end of a key, by table. */
export const PROTECTIVE_TRIGGERS: Readonly<Record<string, readonly string[]>> = {
  signing_key: ['protect_signing_key', 'keep_signing_keys'],
  access_token: ['keep_token', 'keep_uses', 'keep_unexpired_tokens', 'keep_all_tokens'],
  epoch: ['keep_epoch_sequence', 'keep_epoch', 'keep_all_epochs'],
  identity: ['keep_deleted'],
  organization: ['keep_organization'],
  instance: ['keep_instance', 'keep_instance_row'],
};

/** Returns the triggers, as `table.trigger`, that are missing or do not fire for every session. */
export async function absentTriggers(db: Pick<DataSource, 'query'>): Promise<string[]> {
  const wanted = Object.entries(PROTECTIVE_TRIGGERS).flatMap(([table, names]) =>
    names.map((name) => `${table}.${name}`),
  );
  const rows: { name: string }[] = await db.query(
    `SELECT name FROM unnest($1::text[]) AS wanted (name) WHERE NOT EXISTS (
       SELECT FROM pg_trigger WHERE tgrelid = to_regclass(split_part(name, '.', 1))
         AND tgname = split_part(name, '.', 2) AND tgenabled IN ('O', 'A'))
     ORDER BY name`,
    [wanted],
  );
  return rows.map(({ name }) => name);
}
