import type { EntityManager } from 'typeorm';
import { type Changes, changesBetween, type Fields } from '../audit-event/changes.js';
import { newId } from '../common/random-id.js';
import { IdentityMetadata } from '../database/entities/identity-metadata.entity.js';
import type { MetadataInputDto } from './identity.dto.js';
import type { MetadataEntry } from './identity-views.js';

type Pairs = readonly MetadataInputDto[];

/**
 * Compares metadata and returns a change for each key, named `metadata.<key>`. If only the order of the pairs differs,
 * returns a change of the field `metadata` with the keys in order. Returns null if the pairs are the same.
 */
export const metadataChanges = (before: Pairs, after: Pairs): Changes | null =>
  changesBetween(byKey(before), byKey(after)) ??
  changesBetween({ metadata: before.map(({ key }) => key) }, { metadata: after.map(({ key }) => key) });

/** A key that occurs more than once has the list of its values. */
function byKey(pairs: Pairs): Fields {
  const fields: Record<string, string | string[]> = {};
  for (const { key, value } of pairs) {
    const earlier = fields[`metadata.${key}`];
    fields[`metadata.${key}`] = earlier === undefined ? value : [earlier, value].flat();
  }
  return fields;
}

/** Gives an identity these notes and no others, in this order. */
export async function replaceMetadata(tx: EntityManager, identityId: string, pairs: Pairs): Promise<MetadataEntry[]> {
  const entries = pairs.map(({ key, value }) => ({ id: newId(), key, value }));
  await tx.delete(IdentityMetadata, { identityId });
  const rows = entries.map((entry, position) => ({ ...entry, identityId, position }));
  if (rows.length > 0) await tx.insert(IdentityMetadata, rows);
  return entries;
}
