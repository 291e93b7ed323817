import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { TOKEN_AUTH } from '../access-token/access-token-claims.js';
import { TokenIssuer } from '../access-token/mint/token-issuer.service.js';
import { type AuditActor, AuditEvents } from '../audit-event/audit-events.service.js';
import type { AuditEventName } from '../audit-event/audit-event-names.js';
import { BadRequestError } from '../common/errors/app-error.js';
import type { RequestContext } from '../common/http/request-context.js';
import type { TrustedIp } from '../common/http/trusted-ip.js';
import { newId } from '../common/random-id.js';
import { slugOf } from '../common/slug.js';
import { AccessToken } from '../database/entities/access-token.entity.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Instance } from '../database/entities/instance.entity.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Organization } from '../database/entities/organization.entity.js';
import { TokenAuthConfig } from '../database/entities/token-auth-config.entity.js';
import { inTransaction } from '../database/transaction.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';

const EVERY_ADDRESS: TrustedIp[] = [
  { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
  { ipAddress: '::', type: 'ipv6', prefix: 0 },
];

/** An identity that may do everything in its organization, and a token for it. */
export interface Administrator {
  organization: Organization;
  identity: Identity;
  /** The token's text: shown once, stored nowhere. */
  token: string;
}

class AlreadyBootstrappedError extends BadRequestError {
  constructor() {
    super('The instance has been set up already');
  }
}

/** Gives an instance its first organization, identity and token, and a new one to an operator who lost the last. */
@Injectable()
export class BootstrapService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly issuer: TokenIssuer,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
    private readonly reader: RevocationReader,
  ) {}

  /** Whether the instance has had its first organization. */
  async isBootstrapped(): Promise<boolean> {
    const { bootstrappedAt } = await this.dataSource.manager.findOneByOrFail(Instance, { id: 1 });
    return bootstrappedAt !== null;
  }

  /** Once per instance. Whoever is too late finds so without a lock, which those who mint would wait for. */
  async bootstrap(organizationName: string, request: RequestContext): Promise<Administrator> {
    this.reader.checkTrust();
    if (await this.isBootstrapped()) throw new AlreadyBootstrappedError();
    return inTransaction(this.dataSource, async (tx) => {
      // Of two at the same time, one waits for the other here, and then finds it taken.
      const { affected } = await tx.update(
        Instance,
        { id: 1, bootstrappedAt: IsNull() },
        { bootstrappedAt: request.now },
      );
      if (affected === 0) throw new AlreadyBootstrappedError();
      const organization = newRoot(organizationName, request.now);
      await tx.insert(Organization, organization);
      return this.addAdministrator(tx, organization, 'Instance Admin Identity', 'bootstrap-instance', request);
    });
  }

  /** A new administrator in the instance's oldest root organization, for whoever has its database and its keys. */
  async recover(request: RequestContext): Promise<Administrator> {
    this.reader.checkTrust();
    return inTransaction(this.dataSource, async (tx) => {
      await holdInstance(tx);
      const [organization] = await tx.find(Organization, {
        where: { parentId: IsNull(), deletedAt: IsNull() },
        order: { createdAt: 'ASC', id: 'ASC' },
        take: 1,
      });
      if (!organization)
        throw new BadRequestError('The instance has not been set up yet: run bootstrap without --recover');
      return this.addAdministrator(tx, organization, 'Recovered Admin Identity', 'recover-instance', request);
    });
  }

  private async addAdministrator(
    tx: EntityManager,
    organization: Organization,
    name: string,
    event: AuditEventName,
    request: RequestContext,
  ): Promise<Administrator> {
    const times = { createdAt: request.now, updatedAt: request.now };
    const organizationId = organization.id;
    const identity: Identity = {
      id: newId(),
      name,
      organizationId,
      hasDeleteProtection: false,
      ...times,
      deletedAt: null,
    };
    const limits = { ttl: 0, maxTtl: 0, numUsesLimit: 0, trustedIps: EVERY_ADDRESS };
    await tx.insert(Identity, identity);
    const member = { organizationId, identityId: identity.id, role: 'admin', roleId: null, isActive: true };
    await tx.insert(Membership, { id: newId(), ...member, ...times });
    await tx.insert(TokenAuthConfig, { id: newId(), identityId: identity.id, ...limits, ...times });
    const token = await this.issueFirst(tx, identity, organization, limits, request);
    const actor: AuditActor = { identityId: null, tokenId: null, organizationId, request };
    await this.auditEvents.record(tx, actor, event, { identityId: identity.id, tokenId: token.row.id });
    return { organization, identity, token: token.text };
  }

  private async issueFirst(
    tx: EntityManager,
    identity: Identity,
    { id: organizationId, rootId: rootOrganizationId, parentId: parentOrganizationId }: Organization,
    limits: Pick<TokenAuthConfig, 'ttl' | 'maxTtl' | 'numUsesLimit' | 'trustedIps'>,
    { now }: RequestContext,
  ) {
    const key = await this.issuer.holdActiveKey(tx);
    const holder = { identityId: identity.id, organizationId, rootOrganizationId, parentOrganizationId };
    const epoch = await this.revocations.epochOf(tx, { ...holder, authMethod: TOKEN_AUTH, kid: key.kid });
    const issued = this.issuer.issue({ holder, limits, epoch, key, name: 'first token', mintedBy: null, now });
    await tx.insert(AccessToken, issued.row);
    return issued;
  }
}

/** As mints do: nothing is revoked instance-wide while an administrator is made. */
const holdInstance = (tx: EntityManager): Promise<Instance> =>
  tx.findOneOrFail(Instance, { where: { id: 1 }, lock: { mode: 'pessimistic_read' } });

function newRoot(name: string, now: Date): Organization {
  const id = newId();
  return {
    id,
    name,
    slug: slugOf(name, 'organization'),
    parentId: null,
    rootId: id,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
}
