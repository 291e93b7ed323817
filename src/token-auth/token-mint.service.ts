import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Member } from '../access-token/member-key.js';
import { digestOf } from '../access-token/mint/idempotency.js';
import { LiveTokens } from '../access-token/mint/live-tokens.service.js';
import type { IssuedToken, TokenHolder } from '../access-token/mint/token-issuer.service.js';
import { TokenMinter } from '../access-token/mint/token-minter.service.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import { IdempotencyKey } from '../database/entities/idempotency-key.entity.js';
import type { Actor } from '../permission/actor.js';
import { MintJudge } from './mint-judge.service.js';
import { readTokenRecord, type TokenRecord } from './token-records.js';
import type { CreateTokenDto } from './token.dto.js';

/** A token's text and its record. */
export interface MintedToken extends IssuedToken {
  record: TokenRecord;
}

/** Mints tokens: judges, signs, and leaves the last word to the statement that writes. */
@Injectable()
export class TokenMintService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly judge: MintJudge,
    private readonly minter: TokenMinter,
    private readonly liveTokens: LiveTokens,
    private readonly limiter: DatabaseLimiter,
  ) {}

  /** With a key, a repetition gives the same token again. */
  createToken(caller: Actor, identityId: string, dto: CreateTokenDto, key?: string): Promise<MintedToken> {
    return this.limiter.limitCaller('batch', caller, () => this.create(caller, identityId, dto, key));
  }

  private async create(caller: Actor, identityId: string, dto: CreateTokenDto, key?: string): Promise<MintedToken> {
    const fields = [dto.name ?? null, dto.organizationSlug ?? null];
    const repeatable = key === undefined ? undefined : { key, bodyDigest: digestOf(fields) };
    const issued = await this.minter.mint(caller, async (actor, judging) => {
      const { holder, config, judgement } = await this.judge.judge(actor, identityId, dto, judging);
      await this.checkRoom(actor, holder, key);
      const target = { identityId, details: { scope: holder.organizationId } };
      return {
        holder,
        limits: config,
        name: dto.name ?? null,
        judgement,
        event: 'create-token-identity-token-auth',
        target,
        repeatable,
      };
    });
    this.liveTokens.noteMinted(memberOf(issued));
    return { ...issued, record: key === undefined ? newRecordOf(issued) : await this.recordOf(caller, issued) };
  }

  /** What was minted before takes no more room. */
  private async checkRoom(actor: Actor, holder: TokenHolder, key?: string): Promise<void> {
    try {
      await this.liveTokens.checkRoom(holder);
    } catch (error) {
      const { identityId, organizationId } = holder;
      const earlier = { callerIdentityId: actor.identityId, key, targetIdentityId: identityId, organizationId };
      const exists = () => this.dataSource.manager.existsBy(IdempotencyKey, earlier);
      const isRepetition = key !== undefined && (await this.limiter.run('read', actor, exists));
      if (!isRepetition) throw error;
    }
  }

  /** The record as it stands: the token of a repetition may have been used and renamed. */
  private async recordOf(caller: Actor, issued: IssuedToken): Promise<TokenRecord> {
    const { organizationId, id } = issued.row;
    const load = () => readTokenRecord(this.dataSource.manager, organizationId, id);
    return (await this.limiter.run('read', caller, load)) ?? newRecordOf(issued);
  }
}

const memberOf = ({ row: { identityId, organizationId }, claims }: IssuedToken): Member => ({
  identityId,
  organizationId,
  rootOrganizationId: claims.rootOrgId,
});

const newRecordOf = ({ row, isInSubOrganization }: IssuedToken): TokenRecord => ({
  ...row,
  isRevoked: false,
  subOrganizationId: isInSubOrganization ? row.organizationId : null,
});
