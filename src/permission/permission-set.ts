import type { PermissionRule } from '../database/entities/role.entity.js';
import { type Action, BUILT_IN_ROLES, type Subject } from './catalog.js';

/** Which role a membership has: built-in by its slug, or custom with the rules that its row holds. */
export interface HeldRole {
  role: string;
  permissions: PermissionRule[] | null;
}

/** What somebody may do in one organization. */
export class PermissionSet {
  private readonly pairs: ReadonlySet<string>;

  constructor(rules: readonly PermissionRule[]) {
    this.pairs = new Set(rules.flatMap(({ subject, action }) => action.map((one) => `${subject} ${one}`)));
  }

  static readonly NONE = new PermissionSet([]);

  /** Sets that were made, by the very list of rules: it never changes, and neither do they. */
  private static readonly made = new WeakMap<readonly PermissionRule[], PermissionSet>();

  /** A role that is neither built-in nor has rules gives nothing. */
  static of({ role, permissions }: HeldRole): PermissionSet {
    const rules = permissions ?? (Object.hasOwn(BUILT_IN_ROLES, role) ? BUILT_IN_ROLES[role] : undefined);
    if (!rules) return PermissionSet.NONE;
    const known = PermissionSet.made.get(rules);
    if (known) return known;
    const set = new PermissionSet(rules);
    PermissionSet.made.set(rules, set);
    return set;
  }

  has<S extends Subject>(subject: S, action: Action<S>): boolean {
    return this.pairs.has(`${subject} ${action}`);
  }

  /** What the other holds and this does not. */
  missingFrom(other: PermissionSet): PermissionRule[] {
    return rulesOf([...other.pairs].filter((pair) => !this.pairs.has(pair)));
  }

  /** The rules on one subject. */
  rulesOn(subject: Subject): PermissionRule[] {
    return rulesOf([...this.pairs].filter((pair) => pair.startsWith(`${subject} `)));
  }
}

function rulesOf(pairs: string[]): PermissionRule[] {
  const rules = new Map<string, string[]>();
  for (const pair of pairs.toSorted()) {
    const [subject = '', action = ''] = pair.split(' ');
    rules.set(subject, [...(rules.get(subject) ?? []), action]);
  }
  return [...rules].map(([subject, action]) => ({ subject, action }));
}
