import { Injectable } from '@nestjs/common';
import type { Actor } from '../permission/actor.js';
import {
  type AttachTokenAuthDto,
  TokenAuthConfigResponseDto,
  type UpdateTokenAuthDto,
} from './token-auth-config.dto.js';
import { TokenAuthConfigReader } from './token-auth-config-reader.service.js';
import { TokenAuthConfigService } from './token-auth-config.service.js';
import { type MintedToken, TokenMintService } from './token-mint.service.js';
import { TokenRecordReader, TokenRecordService } from './token-record.service.js';
import {
  type CreateTokenDto,
  type CreateTokenResponseDto,
  type ListTokensQueryDto,
  type MessageResponseDto,
  TokenDto,
  type TokenListResponseDto,
  TokenResponseDto,
  type UpdateTokenDto,
} from './token.dto.js';

/** The provider of Token Auth: each operation, from its input to its answer. */
@Injectable()
export class TokenAuthService {
  constructor(
    private readonly configs: TokenAuthConfigService,
    private readonly configReader: TokenAuthConfigReader,
    private readonly mint: TokenMintService,
    private readonly records: TokenRecordService,
    private readonly recordReader: TokenRecordReader,
  ) {}

  async createToken(
    actor: Actor,
    identityId: string,
    dto: CreateTokenDto,
    key?: string,
  ): Promise<CreateTokenResponseDto> {
    return answerOf(await this.mint.createToken(actor, identityId, dto, key));
  }

  async listTokens(actor: Actor, identityId: string, query: ListTokensQueryDto): Promise<TokenListResponseDto> {
    const records = await this.recordReader.list(actor, identityId, query);
    return { tokens: records.map((record) => TokenDto.from(record)) };
  }

  async readToken(actor: Actor, tokenId: string): Promise<TokenResponseDto> {
    return TokenResponseDto.from(await this.recordReader.read(actor, tokenId));
  }

  async readTokenOf(actor: Actor, identityId: string, tokenId: string): Promise<TokenResponseDto> {
    return TokenResponseDto.from(await this.recordReader.readOf(actor, identityId, tokenId));
  }

  async renameToken(actor: Actor, tokenId: string, { name }: UpdateTokenDto): Promise<TokenResponseDto> {
    return TokenResponseDto.from(await this.records.rename(actor, tokenId, name));
  }

  async revokeToken(actor: Actor, tokenId: string): Promise<MessageResponseDto> {
    await this.records.revoke(actor, tokenId);
    return { message: 'Successfully revoked access token' };
  }

  async attach(actor: Actor, identityId: string, dto: AttachTokenAuthDto): Promise<TokenAuthConfigResponseDto> {
    return TokenAuthConfigResponseDto.from(await this.configs.attach(actor, identityId, dto));
  }

  async update(actor: Actor, identityId: string, dto: UpdateTokenAuthDto): Promise<TokenAuthConfigResponseDto> {
    return TokenAuthConfigResponseDto.from(await this.configs.update(actor, identityId, dto));
  }

  async getConfig(actor: Actor, identityId: string): Promise<TokenAuthConfigResponseDto> {
    return TokenAuthConfigResponseDto.from(await this.configReader.get(actor, identityId));
  }

  async detach(actor: Actor, identityId: string): Promise<TokenAuthConfigResponseDto> {
    return TokenAuthConfigResponseDto.from(await this.configs.detach(actor, identityId));
  }
}

function answerOf({ text, record, expiresIn }: MintedToken): CreateTokenResponseDto {
  return {
    accessToken: text,
    expiresIn,
    accessTokenMaxTTL: record.maxTtl,
    tokenType: 'Bearer',
    tokenData: TokenDto.from(record),
  };
}
