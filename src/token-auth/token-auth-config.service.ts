import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { TOKEN_AUTH } from '../access-token/access-token-claims.js';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { changesBetween, type Fields } from '../audit-event/changes.js';
import { BadRequestError } from '../common/errors/app-error.js';
import { formatTrustedIp, parseTrustedIp, type TrustedIp } from '../common/http/trusted-ip.js';
import { newId } from '../common/random-id.js';
import { TokenAuthConfig } from '../database/entities/token-auth-config.entity.js';
import { insertUnlessThere } from '../database/insert-unless-there.js';
import { MemberIdentities } from '../permission/member-identities.service.js';
import type { Actor } from '../permission/actor.js';
import { keepAdministrator } from '../permission/administrators.js';
import type { Action } from '../permission/catalog.js';
import { Permissions } from '../permission/permissions.service.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { methodScope } from '../revocation/scope.js';
import {
  type AttachTokenAuthDto,
  DEFAULT_TTL,
  EVERY_ADDRESS,
  type UpdateTokenAuthDto,
} from './token-auth-config.dto.js';
import { TokenAuthAttachedError, TokenAuthNotAttachedError } from './token-auth-errors.js';
import { isTtlAllowed } from './token-auth-limits.js';

type TrustedIpInput = { ipAddress: string };

/** Token Auth of an identity: whether it has it, and under which limits its tokens are issued. */
@Injectable()
export class TokenAuthConfigService {
  constructor(
    private readonly authority: Authority,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  async attach(caller: Actor, identityId: string, dto: AttachTokenAuthDto): Promise<TokenAuthConfig> {
    return this.authority.manage(caller, async (tx, actor) => {
      await this.findOwned(tx, actor, identityId, 'edit-auth');
      const config = newConfig(identityId, dto, actor.request.now);
      if (!(await insertUnlessThere(tx, TokenAuthConfig, config))) throw new TokenAuthAttachedError();
      const details = { ...limitsOf(config), changes: changesBetween({}, fieldsOf(config)) };
      await this.auditEvents.record(tx, actor, 'add-identity-token-auth', { identityId, details });
      return config;
    });
  }

  /** Writes nothing if every value is the stored one. */
  async update(caller: Actor, identityId: string, dto: UpdateTokenAuthDto): Promise<TokenAuthConfig> {
    return this.authority.manage(caller, async (tx, actor) => {
      await this.findOwned(tx, actor, identityId, 'edit-auth');
      const stored = await this.lock(tx, identityId);
      const config = changed(stored, dto, actor.request.now);
      if (!isTtlAllowed(config.ttl, config.maxTtl)) {
        throw new BadRequestError('accessTokenTTL must not be above the stored accessTokenMaxTTL');
      }
      const changes = changesBetween(fieldsOf(stored), fieldsOf(config));
      if (!changes) return stored;
      await keepAdministrator(tx, actor, identityId, () => tx.update(TokenAuthConfig, { id: config.id }, config));
      if (changes.accessTokenTrustedIps) await this.revocations.noteChange(tx, entryOf(actor, identityId));
      const details = { ...limitsOf(config), changes };
      await this.auditEvents.record(tx, actor, 'update-identity-token-auth', { identityId, details });
      return config;
    });
  }

  /** Ends Token Auth for the identity and every token that it issued, at once. Their records stay. */
  async detach(caller: Actor, identityId: string): Promise<TokenAuthConfig> {
    return this.authority.manage(caller, async (tx, actor) => {
      await this.findOwned(tx, actor, identityId, 'revoke-auth');
      const config = await this.lock(tx, identityId);
      await this.revocations.revokeScope(tx, entryOf(actor, identityId));
      await keepAdministrator(tx, actor, identityId, () => tx.delete(TokenAuthConfig, { id: config.id }));
      const details = { changes: changesBetween(fieldsOf(config), {}) };
      await this.auditEvents.record(tx, actor, 'revoke-identity-token-auth', { identityId, details });
      return config;
    });
  }

  /** An identity that the actor's organization owns, and that the actor may change. */
  private async findOwned(
    tx: EntityManager,
    actor: Actor,
    identityId: string,
    action: Action<'identity'>,
  ): Promise<void> {
    const identity = await this.identities.find(tx, actor, identityId);
    this.permissions.check(actor, 'identity', action);
    this.identities.checkOwned(actor, identity);
    await this.permissions.checkBoundaryEverywhere(tx, actor, identityId);
  }

  /** The configuration, which mints share: whoever waits for this lock sees what came of it. */
  private async lock(tx: EntityManager, identityId: string): Promise<TokenAuthConfig> {
    const config = await tx.findOne(TokenAuthConfig, { where: { identityId }, lock: { mode: 'pessimistic_write' } });
    if (!config) throw new TokenAuthNotAttachedError();
    return config;
  }
}

const entryOf = (actor: Actor, identityId: string) => ({
  ...methodScope(identityId, TOKEN_AUTH),
  organizationId: actor.rootOrganizationId,
  now: actor.request.now,
});

const limitsOf = ({ ttl, maxTtl, numUsesLimit }: TokenAuthConfig) => ({ ttl, maxTtl, numUsesLimit });

const fieldsOf = ({ ttl, maxTtl, numUsesLimit, trustedIps }: TokenAuthConfig): Fields => ({
  accessTokenTTL: ttl,
  accessTokenMaxTTL: maxTtl,
  accessTokenNumUsesLimit: numUsesLimit,
  accessTokenTrustedIps: trustedIps.map(formatTrustedIp),
});

const parseAll = (entries: readonly TrustedIpInput[]): TrustedIp[] =>
  entries.map(({ ipAddress }) => parseTrustedIp(ipAddress)).filter((entry) => entry !== null);

function newConfig(identityId: string, dto: AttachTokenAuthDto, now: Date): TokenAuthConfig {
  const maxTtl = dto.accessTokenMaxTTL ?? DEFAULT_TTL;
  const longest = maxTtl > 0 ? Math.min(DEFAULT_TTL, maxTtl) : DEFAULT_TTL;
  return {
    id: newId(),
    identityId,
    ttl: dto.accessTokenTTL ?? longest,
    maxTtl,
    numUsesLimit: dto.accessTokenNumUsesLimit ?? 0,
    trustedIps: parseAll(dto.accessTokenTrustedIps ?? EVERY_ADDRESS),
    createdAt: now,
    updatedAt: now,
  };
}

function changed(stored: TokenAuthConfig, dto: UpdateTokenAuthDto, now: Date): TokenAuthConfig {
  return {
    ...stored,
    ttl: dto.accessTokenTTL ?? stored.ttl,
    maxTtl: dto.accessTokenMaxTTL ?? stored.maxTtl,
    numUsesLimit: dto.accessTokenNumUsesLimit ?? stored.numUsesLimit,
    trustedIps: dto.accessTokenTrustedIps ? parseAll(dto.accessTokenTrustedIps) : stored.trustedIps,
    updatedAt: now,
  };
}
