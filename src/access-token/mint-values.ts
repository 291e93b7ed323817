import type { IdempotencyKey } from '../database/entities/idempotency-key.entity.js';
import { snake } from '../database/naming.js';
import type { JudgedRole, ProposedMint } from './proposed-mint.js';

/** Mints that rest on the same, and so stand or fall together. */
type Alike = [ProposedMint, ...ProposedMint[]];

/**
 * What the statement of mints takes, as JSON: for all that rest on the same, once what they rest on and the rows of the
 * first of them, and of each mint only in what its rows differ from those.
 */
export const mintValues = (mints: readonly ProposedMint[]): string => JSON.stringify(gathered(mints).map(groundOf));

function groundOf(mints: Alike): object {
  const [{ token, audit, judgement, rootOrganizationId }] = mints;
  return {
    judgement: {
      ...judgement,
      callerRole: roleOf(judgement.callerRole),
      identityRole: roleOf(judgement.identityRole),
    },
    rootOrganizationId,
    latest: new Date(Math.max(...mints.map((mint) => mint.token.createdAt.getTime()))),
    token: columnsOf(token),
    audit: columnsOf(audit),
    mints: mints.map((mint) => ({
      token: differenceOf(mint.token, token),
      audit: differenceOf(mint.audit, audit),
      kept: mint.kept && keyColumnsOf(mint.kept),
    })),
  };
}

/** What was judged may know more of a membership than the statement compares. */
const roleOf = ({ role, roleId, permissions }: JudgedRole): JudgedRole => ({ role, roleId, permissions });

/** Puts together what rests on the same. Most callers mint for one identity, so each is looked for among few. */
function gathered(mints: readonly ProposedMint[]): Alike[] {
  const alike = new Map<string, Alike[]>();
  for (const mint of mints) {
    const key = `${mint.judgement.callerTokenId} ${mint.token.identityId} ${mint.token.organizationId}`;
    const known = alike.get(key);
    const group = known?.find(([first]) => restOnTheSame(first, mint));
    if (group) group.push(mint);
    else if (known) known.push([mint]);
    else alike.set(key, [[mint]]);
  }
  return [...alike.values()].flat();
}

/** All that the statement compares. What was judged once is one object, however many mints it was found right for. */
const restOnTheSame = (one: ProposedMint, other: ProposedMint): boolean =>
  one.rootOrganizationId === other.rootOrganizationId &&
  areSame(one.judgement, other.judgement, [
    'callerTokenId',
    'callerKid',
    'callerRole',
    'identityRole',
    'configId',
    'trustedIps',
    'organizationSlug',
  ]) &&
  areSame(one.token, other.token, [
    'identityId',
    'organizationId',
    'kid',
    'authMethod',
    'ttl',
    'maxTtl',
    'numUsesLimit',
    'epoch',
  ]);

const areSame = <T extends object>(one: T, other: T, names: (keyof T)[]): boolean =>
  names.every((name) => one[name] === other[name]);

/** Columns by the names of their properties: few, and asked for with every mint. */
const columns = new Map<string, string>();

function columnOf(property: string): string {
  let column = columns.get(property);
  if (column === undefined) {
    column = snake(property);
    columns.set(property, column);
  }
  return column;
}

/** A row by the names of its columns, as PostgreSQL reads it back from JSON. What is left out is null there. */
const columnsOf = (row: object): object => select(row, (_name, value) => value !== null);

/** The part of a row in which it differs from another one of the same making. */
const differenceOf = <T extends object>(row: T, other: T): object =>
  select(row, (name, value) => value !== other[name as keyof T]);

function select(row: object, isWanted: (name: string, value: unknown) => boolean): object {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    if (isWanted(name, value)) values[columnOf(name)] = value;
  }
  return values;
}

const keyColumnsOf = (kept: IdempotencyKey): object =>
  columnsOf({ ...kept, bodyDigest: `\\x${kept.bodyDigest.toString('hex')}` });
