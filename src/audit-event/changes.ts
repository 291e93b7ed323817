import { isDeepStrictEqual } from 'node:util';

/** Named values of an object, as the API shows them. Must hold no secret. */
export type Fields = Readonly<Record<string, unknown>>;

/** The old and the new value of a field, or the note that both were too long to record. */
export type Change = { from?: unknown; to?: unknown } | { isOmitted: true };

/** Changed fields by name. */
export type Changes = Record<string, Change>;

/** A longer text is recorded as `{ truncated, length }`: its beginning, and the number of its characters. */
const MAX_CHARACTERS = 256;

/** A longer list is recorded as `{ truncated, length }`: its beginning, and the number of its items. */
const MAX_ITEMS = 256;

/** Bytes of JSON. Values that exceed the rest of it are omitted; the names of all changed fields are recorded. */
const MAX_BYTES = 32_768;

/** A JWT starts with `{"` in base64url. Host names, which have dots too, do not match. */
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g;

/**
 * Compares two states of an object and returns the fields that differ, or null if none does. Lists are compared in
 * order; an absent field equals null. `{}` stands for the state before a creation or after a deletion.
 */
export function changesBetween(before: Fields, after: Fields): Changes | null {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name] ?? null, after[name] ?? null));
  if (changed.length === 0) return null;
  let remaining = MAX_BYTES;
  const entries = changed.map((name): [string, Change] => {
    const change = { from: bounded(before[name]), to: bounded(after[name]) };
    const size = Buffer.byteLength(JSON.stringify(change));
    if (size > remaining) return [withoutTokens(name), { isOmitted: true }];
    remaining -= size;
    return [withoutTokens(name), change];
  });
  return Object.fromEntries(entries);
}

/** Joins the changes of several parts of one object; null if no part changed. */
export function joinChanges(...parts: (Changes | null)[]): Changes | null {
  const changed = parts.filter((part) => part !== null);
  return changed.length === 0 ? null : Object.assign({}, ...changed);
}

function bounded(value: unknown): unknown {
  if (typeof value === 'string') {
    const text = withoutTokens(value);
    // PostgreSQL rejects half of a surrogate pair.
    const truncated = text.slice(0, MAX_CHARACTERS).toWellFormed();
    return text.length > MAX_CHARACTERS ? { truncated, length: text.length } : text;
  }
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map(bounded);
    return value.length > MAX_ITEMS ? { truncated: items, length: value.length } : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, bounded(one)]));
}

const withoutTokens = (text: string): string => text.replaceAll(JWT, '[removed]');
