import { Injectable } from '@nestjs/common';
import type { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import type { MintJudgement } from '../access-token/mint/proposed-mint.js';
import type { TokenHolder } from '../access-token/mint/token-issuer.service.js';
import type { Judging } from '../access-token/mint/token-minter.service.js';
import { BadRequestError, ForbiddenError, NotFoundError } from '../common/errors/app-error.js';
import { leastRecent } from '../common/least-recent.js';
import { LookUps } from '../common/look-ups.js';
import { isUuid } from '../common/uuid.js';
import { AppConfig } from '../config/app-config.js';
import { IdentityNotFoundError } from '../permission/member-identities.service.js';
import type { Actor } from '../permission/actor.js';
import { PermissionDeniedError } from '../permission/permission-errors.js';
import { PermissionSet } from '../permission/permission-set.js';
import { Permissions } from '../permission/permissions.service.js';
import {
  type AskedMint,
  type FoundGrounds,
  type MintLimits,
  readMintGrounds,
  type TargetOrganization,
} from './mint-grounds.js';
import { TokenAuthNotAttachedError } from './token-auth-errors.js';
import type { CreateTokenDto } from './token.dto.js';

/** A mint that was found right: what to issue, and what it was judged by. */
export interface Judged {
  holder: TokenHolder;
  config: MintLimits;
  judgement: MintJudgement;
}

/** The part of it that is the same whatever token the caller comes with. */
type Grounds = Omit<Judged, 'judgement'> & { judgement: Omit<MintJudgement, 'callerTokenId' | 'callerKid'> };

/** Says whether a caller may mint for an identity, and what the token is to rest on. */
@Injectable()
export class MintJudge {
  /** What was found right. It may have changed since: the statement compares all of it. */
  private readonly remembered: LRUCache<string, Grounds>;
  private readonly reads: LookUps<AskedMint, FoundGrounds>;

  constructor(
    dataSource: DataSource,
    private readonly permissions: Permissions,
    config: AppConfig,
  ) {
    this.remembered = leastRecent(config.VERDICT_CACHE_SIZE);
    this.reads = new LookUps('mints', config.DATABASE_POOL_SIZE, async (asked) =>
      readMintGrounds(dataSource.manager, asked),
    );
  }

  /**
   * Says what the actor's mint for the identity rests on. Refuses as the contract orders it: 404 for what the actor can't
   * see, 403 for what it may not, 400 for what the state forbids.
   */
  async judge(actor: Actor, identityId: string, dto: CreateTokenDto, { fromMemory }: Judging): Promise<Judged> {
    const name = JSON.stringify([actor.identityId, actor.organizationId, identityId, dto.organizationSlug]);
    const known = fromMemory ? this.remembered.get(name) : undefined;
    const grounds = known ?? (await this.findAndRemember(name, actor, identityId, dto));
    const { tokenId: callerTokenId, kid: callerKid } = actor;
    return { ...grounds, judgement: { ...grounds.judgement, callerTokenId, callerKid } };
  }

  /** What is refused now is not remembered from before. */
  private async findAndRemember(name: string, actor: Actor, identityId: string, dto: CreateTokenDto): Promise<Grounds> {
    this.remembered.delete(name);
    const grounds = await this.findGrounds(actor, identityId, dto);
    this.remembered.set(name, grounds);
    return grounds;
  }

  private async findGrounds(actor: Actor, identityId: string, { organizationSlug }: CreateTokenDto): Promise<Grounds> {
    if (!isUuid(identityId)) throw new IdentityNotFoundError();
    const { identityId: callerId, organizationId } = actor;
    const found = await this.reads.ask({ callerId, organizationId, identityId, organizationSlug });
    if (!found.isKnown) throw new IdentityNotFoundError();
    const target = targetOf(found, organizationSlug);
    const { mine, theirs } = this.checkPower(found);
    const { config } = found;
    if (!config) throw new TokenAuthNotAttachedError();
    if (!theirs.isActive) throw new BadRequestError("The identity's membership in the organization is switched off");
    return {
      holder: holderOf(identityId, target),
      config,
      judgement: {
        callerRole: mine,
        identityRole: theirs,
        configId: config.id,
        trustedIps: config.trustedIps,
        organizationSlug: organizationSlug ?? null,
      },
    };
  }

  /** The caller must be allowed to mint where the token is to work, and cover what the identity can do there. */
  private checkPower({ mine, theirs }: FoundGrounds) {
    const held = mine?.isActive === true ? PermissionSet.of(mine) : PermissionSet.NONE;
    if (!mine || !held.has('identity', 'create-token')) {
      throw new PermissionDeniedError('create-token', 'identity', held.rulesOn('identity'));
    }
    if (!theirs) throw new ForbiddenError('The identity is not a member of the organization');
    this.permissions.checkCovers(held, PermissionSet.of(theirs));
    return { mine, theirs };
  }
}

/**
 * The organization that a token is to work in: never wider than the caller's own scope. From a root, one of its
 * sub-organizations by its slug; from a sub-organization, only itself.
 */
function targetOf({ own, below }: FoundGrounds, slug: string | undefined): TargetOrganization {
  if (!own) throw new NotFoundError('Organization not found');
  if (slug === undefined || slug === own.slug) return own;
  if (own.parentId !== null) {
    throw new ForbiddenError('A token of a sub-organization can only give tokens for that sub-organization');
  }
  if (!below) throw new NotFoundError('Organization not found');
  return below;
}

const holderOf = (identityId: string, { id, rootId, parentId }: TargetOrganization): TokenHolder => ({
  identityId,
  organizationId: id,
  rootOrganizationId: rootId,
  parentOrganizationId: parentId,
});
