import { ACTIONS, BUILT_IN_ROLES } from '../../src/permission/catalog.js';
import { PermissionSet } from '../../src/permission/permission-set.js';
import type { PermissionRule } from '../../src/database/entities/role.entity.js';
import type { Answer } from '../support/http-client.js';
import { decodeJwt } from '../support/jwt.js';
import type { TestApp } from '../support/test-app.js';

const AUTH = '/api/v1/auth/token-auth';
const ROLES = '/api/v1/organization/roles';
const SUBS = '/api/v1/sub-organizations';

/** Every permission as `subject action`. */
export const PERMISSIONS: string[] = Object.entries(ACTIONS).flatMap(([subject, actions]) =>
  actions.map((action) => `${subject} ${action}`),
);

const rulesOf = (pairs: readonly string[]): PermissionRule[] =>
  pairs.map((pair) => pair.split(' ')).map(([subject = '', action = '']) => ({ subject, action: [action] }));

/** Returns a generator of numbers from 0 to 1 that a seed fixes (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Organization {
  id: string;
  slug: string;
}

interface StoredRole {
  role: string;
  permissions: PermissionRule[] | null;
}

/**
 * A caller that holds every permission of the root organization but one. It sends random operations with every token
 * that it gets, over several replicas at once, and so searches for a way to the permission that it lacks.
 */
export class EscalationSearch {
  private readonly tokens: string[] = [];
  private readonly identities: string[] = [];
  private readonly subOrganizations: Organization[] = [];
  private readonly ownSubOrganizations = new Set<string>();
  private readonly roleSlugs = Object.keys(BUILT_IN_ROLES);
  private readonly roleIds: string[] = [];
  private readonly accepted = new Map<string, number>();
  private firstIdentity = '';

  constructor(
    private readonly replicas: TestApp[],
    private readonly missing: string,
    private readonly random: () => number,
  ) {}

  /** Creates the caller, and identities that hold the missing permission and are members of a sub-organization. */
  async open(): Promise<void> {
    const [app] = this.replicas as [TestApp];
    const root = await app.given.root();
    const caller = await app.given.identity();
    await app.given.customRole(caller.id, rulesOf(PERMISSIONS.filter((pair) => pair !== this.missing)));
    const holder = await app.given.identity();
    await app.given.customRole(holder.id, rulesOf([this.missing]));
    const member = await app.given.identity({ role: 'member' });
    const members = { [root.identityId]: 'no-access', [holder.id]: 'no-access', [member.id]: 'no-access' };
    this.subOrganizations.push(await app.given.subOrganization(members));
    this.firstIdentity = caller.id;
    this.tokens.push(caller.token);
    this.identities.push(caller.id, root.identityId, holder.id, member.id);
  }

  /** Sends random operations, some at once, and returns a sentence for each rule that was broken. */
  async run(rounds: number, concurrency: number): Promise<string[]> {
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(Array.from({ length: concurrency }, () => this.sendRandomOperation()));
      const violations = await this.violations();
      if (violations.length > 0) return violations;
    }
    return [];
  }

  /** How many requests of each operation were answered with 200. */
  get acceptedOperations(): ReadonlyMap<string, number> {
    return this.accepted;
  }

  private pick<T>(from: readonly T[]): T {
    // Later entries are more likely, because an attack builds on its last steps.
    return from[Math.floor(from.length * Math.sqrt(this.random()))];
  }

  private permissions(): PermissionRule[] {
    return rulesOf(PERMISSIONS.filter((pair) => this.random() < (pair === this.missing ? 0.2 : 0.5)));
  }

  private async send(name: string, method: string, path: string, body?: object): Promise<Answer['body']> {
    const app = this.replicas[Math.floor(this.random() * this.replicas.length)];
    const answer = await app.http.send(method, path, { token: this.pick(this.tokens), body });
    if (answer.status >= 500 && answer.status !== 503) throw new Error(`${method} ${path} returned ${answer.status}`);
    if (answer.status !== 200) return null;
    this.accepted.set(name, (this.accepted.get(name) ?? 0) + 1);
    return answer.body;
  }

  private async sendRandomOperation(): Promise<void> {
    const identity = this.pick(this.identities);
    const sub = this.pick(this.subOrganizations);
    const role = this.pick(this.roleSlugs);
    const isActive = this.random() < 0.7;
    const membership = `${SUBS}/${sub.id}/memberships/${identity}`;
    const operations: (() => Promise<unknown>)[] = [
      async () => this.createIdentity(role),
      async () => this.send('update identity', 'PATCH', `/api/v1/identities/${identity}`, { role }),
      async () => this.send('attach', 'POST', `${AUTH}/identities/${identity}`, {}),
      async () => this.createToken(identity, this.random() < 0.6 ? sub.slug : undefined),
      async () => this.createToken(identity, this.random() < 0.6 ? sub.slug : undefined),
      async () => this.renew(),
      async () => this.createSubOrganization(),
      async () => this.send('join', 'POST', `${SUBS}/${sub.id}/memberships`),
      async () => this.send('add member', 'PUT', membership, { role, isActive }),
      async () => this.send('add member without access', 'PUT', membership, {}),
      async () => this.send('update member', 'PATCH', membership, { role, isActive }),
      async () => this.createRole(),
      async () => this.updateRole(),
    ];
    await this.pick(operations)();
  }

  private async createIdentity(role: string): Promise<void> {
    const body = await this.send('create identity', 'POST', '/api/v1/identities', { name: 'created', role });
    if (!body) return;
    const id = body.identity.id as string;
    this.identities.push(id);
    await this.send('attach', 'POST', `${AUTH}/identities/${id}`, {});
  }

  private async createToken(identity: string, organizationSlug?: string): Promise<void> {
    const path = `${AUTH}/identities/${identity}/tokens`;
    const body = await this.send('create token', 'POST', path, { organizationSlug });
    if (body) this.tokens.push(body.accessToken as string);
  }

  private async renew(): Promise<void> {
    const accessToken = this.pick(this.tokens);
    const body = await this.send('renew', 'POST', '/api/v1/auth/token/renew', { accessToken });
    if (body) this.tokens.push(body.accessToken as string);
  }

  private async createSubOrganization(): Promise<void> {
    const name = `Sub ${Math.floor(this.random() * 1e12)}`;
    const body = await this.send('create sub-organization', 'POST', SUBS, { name });
    if (!body) return;
    const { id, slug } = body.organization as Organization;
    this.subOrganizations.push({ id, slug });
    this.ownSubOrganizations.add(id);
  }

  private async createRole(): Promise<void> {
    const slug = `role-${Math.floor(this.random() * 1e12)}`;
    const body = await this.send('create role', 'POST', ROLES, { slug, name: slug, permissions: this.permissions() });
    if (!body) return;
    this.roleSlugs.push(slug);
    this.roleIds.push(body.role.id as string);
  }

  private async updateRole(): Promise<void> {
    if (this.roleIds.length === 0) return;
    await this.send('update role', 'PATCH', `${ROLES}/${this.pick(this.roleIds)}`, { permissions: this.permissions() });
  }

  private async violations(): Promise<string[]> {
    const found = await Promise.all([...new Set(this.tokens)].map((token) => this.violationOf(token)));
    return found.filter((one) => one !== null);
  }

  private async violationOf(token: string): Promise<string | null> {
    const { sub, orgId, rootOrgId } = decodeJwt(token) as unknown as Record<'sub' | 'orgId' | 'rootOrgId', string>;
    const there = await this.permissionsOf(sub, orgId);
    if (!this.ownSubOrganizations.has(orgId) && this.holds(there)) {
      return `a token of ${sub} gives "${this.missing}" in ${orgId === rootOrgId ? 'the root' : `the foreign ${orgId}`}`;
    }
    if (sub === this.firstIdentity || (await this.isOwnedByOwnSubOrganization(sub))) return null;
    const isOutOfReach =
      this.missing === 'identity create-token' || this.holds(await this.permissionsOf(sub, rootOrgId));
    return isOutOfReach ? `a token names ${sub}, for which the caller could not create one` : null;
  }

  private holds(permissions: PermissionSet): boolean {
    return permissions.missingFrom(new PermissionSet(rulesOf([this.missing]))).length === 0;
  }

  private async permissionsOf(identityId: string, organizationId: string): Promise<PermissionSet> {
    const [row]: StoredRole[] = await this.replicas[0].db.query(
      `SELECT m.role, r.permissions FROM membership m LEFT JOIN role r ON r.id = m.role_id
       WHERE m.identity_id = $1 AND m.organization_id = $2`,
      [identityId, organizationId],
    );
    return row ? PermissionSet.of(row) : PermissionSet.NONE;
  }

  private async isOwnedByOwnSubOrganization(identityId: string): Promise<boolean> {
    const [row]: { organizationId: string }[] = await this.replicas[0].db.query(
      'SELECT organization_id AS "organizationId" FROM identity WHERE id = $1',
      [identityId],
    );
    return row !== undefined && this.ownSubOrganizations.has(row.organizationId);
  }
}
