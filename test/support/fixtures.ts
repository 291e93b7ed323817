import { BootstrapService } from '../../src/bootstrap/bootstrap.service.js';
import { newId, newReqId } from '../../src/common/random-id.js';
import { Membership } from '../../src/database/entities/membership.entity.js';
import { Organization } from '../../src/database/entities/organization.entity.js';
import { type PermissionRule, Role } from '../../src/database/entities/role.entity.js';
import type { TestApp } from './test-app.js';
import { withoutTriggers } from './without-triggers.js';

export interface Root {
  organizationId: string;
  slug: string;
  identityId: string;
  /** A token of the root's administrator. */
  token: string;
}

export interface GivenIdentity {
  id: string;
  /** The first token of the identity. */
  token: string;
  tokenId: string;
}

interface IdentityOptions {
  role?: string;
  config?: object;
}

/** Things that tests start from. Each test makes its own. */
export class Fixtures {
  private firstRoot: Promise<Root> | null = null;

  constructor(private readonly app: TestApp) {}

  /** The instance's root organization with its administrator. */
  async root(): Promise<Root> {
    this.firstRoot ??= this.bootstrapRoot();
    return this.firstRoot;
  }

  /** A root organization beside the first, as another instance's restore would bring it. */
  async otherRoot(): Promise<Root> {
    await this.root();
    await withoutTriggers(this.app.db, 'UPDATE instance SET bootstrapped_at = NULL');
    return this.bootstrapRoot(`Other ${newId()}`);
  }

  private async bootstrapRoot(name = 'Acme'): Promise<Root> {
    const context = { reqId: newReqId(), address: null, peer: null, userAgent: null, now: this.app.clock.now() };
    const { organization, identity, token } = await this.app.nest.get(BootstrapService).bootstrap(name, context);
    return { organizationId: organization.id, slug: organization.slug, identityId: identity.id, token };
  }

  /** An identity without Token Auth. */
  async bareIdentity({ role = 'no-access' }: IdentityOptions = {}, root?: Root): Promise<string> {
    const { organizationId, token } = root ?? (await this.root());
    const builtIn = role === 'custom' ? 'no-access' : role;
    const body = { name: 'an identity', organizationId, role: builtIn };
    const answer = await this.app.http.post('/api/v1/identities', { token, body });
    return idOf(answer.body.identity);
  }

  /** An identity with Token Auth and a token. */
  async identity({ role, config = {} }: IdentityOptions = {}, root?: Root): Promise<GivenIdentity> {
    const owner = root ?? (await this.root());
    const id = await this.bareIdentity({ role }, owner);
    await this.attach(id, config, owner);
    const { accessToken, tokenData } = await this.mint(id, {}, owner.token);
    return { id, token: accessToken, tokenId: tokenData.id };
  }

  async attach(identityId: string, config: object = {}, root?: Root): Promise<void> {
    const { token } = root ?? (await this.root());
    const answer = await this.app.http.post(`/api/v1/auth/token-auth/identities/${identityId}`, {
      token,
      body: config,
    });
    if (answer.status !== 200) throw new Error(`attach answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async mint(
    identityId: string,
    body: object = {},
    token?: string,
  ): Promise<{ accessToken: string; tokenData: { id: string } }> {
    const caller = token ?? (await this.root()).token;
    const answer = await this.app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, {
      token: caller,
      body,
    });
    if (answer.status !== 200) throw new Error(`mint answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A sub-organization with members in the roles given. */
  async subOrganization(members: Record<string, string> = {}, root?: Root): Promise<{ id: string; slug: string }> {
    const { organizationId } = root ?? (await this.root());
    const now = this.app.clock.now();
    const id = newId();
    const slug = `sub-${id}`;
    await this.app.db.manager.insert(Organization, {
      id,
      name: slug,
      slug,
      parentId: organizationId,
      rootId: organizationId,
      createdAt: now,
      updatedAt: now,
    });
    for (const [identityId, role] of Object.entries(members)) await this.membership(id, identityId, role);
    return { id, slug };
  }

  async membership(organizationId: string, identityId: string, role: string): Promise<void> {
    const now = this.app.clock.now();
    await this.app.db.manager.insert(Membership, {
      id: newId(),
      organizationId,
      identityId,
      role,
      roleId: null,
      isActive: true,
      createdAt: now,
      updatedAt: now,
    });
  }

  /** Gives an identity a role of its own in an organization. */
  async customRole(identityId: string, permissions: PermissionRule[], root?: Root): Promise<string> {
    const { organizationId } = root ?? (await this.root());
    const now = this.app.clock.now();
    const id = newId();
    await this.app.db.manager.insert(Role, {
      id,
      organizationId,
      slug: `role-${id}`,
      name: 'a role',
      description: null,
      permissions,
      createdAt: now,
      updatedAt: now,
    });
    await this.app.db.manager.update(Membership, { organizationId, identityId }, { role: 'custom', roleId: id });
    return id;
  }
}

const idOf = ({ id }: { id: string }): string => id;
