import type { EntityManager } from 'typeorm';
import { newId } from '../common/random-id.js';
import { IdentityMetadata } from '../database/entities/identity-metadata.entity.js';
import type { MetadataInputDto } from './identity.dto.js';
import type { MetadataEntry } from './identity-views.js';

/** Returns true if the pairs are the same, in the same order. */
export const isSameMetadata = (pairs: readonly MetadataInputDto[], stored: readonly MetadataEntry[]): boolean =>
  pairs.length === stored.length &&
  pairs.every(({ key, value }, index) => stored[index]?.key === key && stored[index].value === value);

/** Gives an identity these notes and no others, in this order. */
export async function replaceMetadata(
  tx: EntityManager,
  identityId: string,
  pairs: readonly MetadataInputDto[],
): Promise<MetadataEntry[]> {
  const entries = pairs.map(({ key, value }) => ({ id: newId(), key, value }));
  await tx.delete(IdentityMetadata, { identityId });
  const rows = entries.map((entry, position) => ({ ...entry, identityId, position }));
  if (rows.length > 0) await tx.insert(IdentityMetadata, rows);
  return entries;
}
