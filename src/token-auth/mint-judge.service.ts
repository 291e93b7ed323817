import { Injectable } from '@nestjs/common';
import type { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import type { MintJudgement } from '../access-token/proposed-mint.js';
import type { TokenHolder } from '../access-token/token-issuer.service.js';
import type { Judging } from '../access-token/token-minter.service.js';
import { BadRequestError, ForbiddenError } from '../common/errors/app-error.js';
import { leastRecent } from '../common/least-recent.js';
import { AppConfig } from '../config/app-config.js';
import { TokenAuthConfig } from '../database/entities/token-auth-config.entity.js';
import { MemberIdentities } from '../permission/member-identities.service.js';
import type { Actor } from '../permission/actor.js';
import { PermissionDeniedError } from '../permission/permission-errors.js';
import { PermissionSet } from '../permission/permission-set.js';
import { Permissions } from '../permission/permissions.service.js';
import { findMemberships, findTarget, type JudgedMembership, type TargetOrganization } from './mint-judgement.js';
import { TokenAuthNotAttachedError } from './token-auth-errors.js';
import type { CreateTokenDto } from './token.dto.js';

/** A mint that was found right: what to issue, and what it was judged by. */
export interface Judged {
  holder: TokenHolder;
  config: TokenAuthConfig;
  judgement: MintJudgement;
}

/** The part of it that is the same whatever token the caller comes with. */
type Grounds = Omit<Judged, 'judgement'> & { judgement: Omit<MintJudgement, 'callerTokenId' | 'callerKid'> };

/** Says whether a caller may mint for an identity, and what the token is to rest on. */
@Injectable()
export class MintJudge {
  /** What was found right. It may have changed since: the statement compares all of it. */
  private readonly remembered: LRUCache<string, Grounds>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
    config: AppConfig,
  ) {
    this.remembered = leastRecent(config.VERDICT_CACHE_SIZE);
  }

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

  private async findGrounds(actor: Actor, identityId: string, dto: CreateTokenDto): Promise<Grounds> {
    const db = this.dataSource.manager;
    const identity = await this.identities.find(db, actor, identityId);
    const target = await findTarget(db, actor, dto.organizationSlug);
    const memberships = await findMemberships(db, target.id, [actor.identityId, identity.id]);
    const { mine, theirs } = this.checkPower(memberships, actor, identity.id);
    const config = await db.findOneBy(TokenAuthConfig, { identityId: identity.id });
    if (!config) throw new TokenAuthNotAttachedError();
    if (!theirs.isActive) throw new BadRequestError("The identity's membership in the organization is switched off");
    return {
      holder: holderOf(identity.id, target),
      config,
      judgement: {
        callerRole: mine,
        identityRole: theirs,
        configId: config.id,
        trustedIps: config.trustedIps,
        organizationSlug: dto.organizationSlug ?? null,
      },
    };
  }

  /** The caller must be allowed to mint where the token is to work, and cover what the identity can do there. */
  private checkPower(memberships: Map<string, JudgedMembership>, actor: Actor, identityId: string) {
    const mine = memberships.get(actor.identityId);
    const held = mine?.isActive === true ? PermissionSet.of(mine) : PermissionSet.NONE;
    if (!mine || !held.has('identity', 'create-token')) {
      throw new PermissionDeniedError('create-token', 'identity', held.rulesOn('identity'));
    }
    const theirs = memberships.get(identityId);
    if (!theirs) throw new ForbiddenError('The identity is not a member of the organization');
    this.permissions.checkCovers(held, PermissionSet.of(theirs));
    return { mine, theirs };
  }
}

const holderOf = (identityId: string, { id, rootId, parentId }: TargetOrganization): TokenHolder => ({
  identityId,
  organizationId: id,
  rootOrganizationId: rootId,
  parentOrganizationId: parentId,
});
