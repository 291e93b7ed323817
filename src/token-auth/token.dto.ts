import { ApiProperty } from '@nestjs/swagger';
import { TOKEN_AUTH } from '../access-token/access-token-claims.js';
import { IntegerField, TextField } from '../common/validation/fields.js';
import { OptionalBody } from '../common/validation/request-shape.pipe.js';
import { Count, Flag, Text, Time, Uuid } from '../common/validation/response-fields.js';
import { SlugField } from '../common/validation/slug-field.js';
import { DEFAULT_TTL } from './token-auth-config.dto.js';
import type { TokenRecord } from './token-records.js';

@OptionalBody()
export class CreateTokenDto {
  @TextField({ maxLength: 255, description: 'A name to tell the token by in lists', example: 'deploy-pipeline' })
  name?: string;

  @SlugField({
    description: "Slug of the sub-organization that the token is to work in; left out: the caller's own organization",
  })
  organizationSlug?: string;
}

export class UpdateTokenDto {
  @TextField({ maxLength: 255, description: 'The new name; left out: unchanged', example: 'deploy-pipeline-2' })
  name?: string;
}

export class ListTokensQueryDto {
  @IntegerField({ type: 'number', minimum: 0, maximum: 100_000, default: 0, description: 'Records to skip' })
  offset?: number;

  @IntegerField({ type: 'number', minimum: 1, maximum: 100, default: 20, description: 'Records to return' })
  limit?: number;
}

/** A token as callers see it: everything but its text. */
export class TokenDto {
  @Text()
  id: string;

  @Count({ default: DEFAULT_TTL, required: false })
  accessTokenTTL: number;

  @Count({ default: DEFAULT_TTL, required: false })
  accessTokenMaxTTL: number;

  @Count({ default: 0, required: false })
  accessTokenNumUses: number;

  @Count({ default: 0, required: false })
  accessTokenNumUsesLimit: number;

  @Time({ nullable: true, required: false })
  accessTokenLastUsedAt: Date | null;

  @Time({ nullable: true, required: false })
  accessTokenLastRenewedAt: Date | null;

  @Flag({ default: false, required: false })
  isAccessTokenRevoked: boolean;

  @Text({ nullable: true, required: false })
  identityUAClientSecretId: string | null;

  @Uuid()
  identityId: string;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  @Text({ nullable: true, required: false })
  name: string | null;

  @Text()
  authMethod: string;

  @Count({ default: 0, required: false })
  accessTokenPeriod: number;

  @Uuid({ nullable: true, required: false })
  subOrganizationId: string | null;

  static from(record: TokenRecord): TokenDto {
    return {
      id: record.id,
      accessTokenTTL: record.ttl,
      accessTokenMaxTTL: record.maxTtl,
      accessTokenNumUses: record.numUses,
      accessTokenNumUsesLimit: record.numUsesLimit,
      accessTokenLastUsedAt: record.lastUsedAt,
      accessTokenLastRenewedAt: record.lastRenewedAt,
      isAccessTokenRevoked: record.isRevoked,
      identityUAClientSecretId: null,
      identityId: record.identityId,
      createdAt: record.createdAt,
      updatedAt: record.updatedAt,
      name: record.name,
      authMethod: TOKEN_AUTH,
      accessTokenPeriod: 0,
      subOrganizationId: record.subOrganizationId,
    };
  }
}

export class TokenResponseDto {
  @ApiProperty({ type: TokenDto })
  token: TokenDto;

  static from(record: TokenRecord): TokenResponseDto {
    return { token: TokenDto.from(record) };
  }
}

export class TokenListResponseDto {
  @ApiProperty({ type: [TokenDto] })
  tokens: TokenDto[];
}

export class MessageResponseDto {
  @Text()
  message: string;
}

/** A new token. This answer is the only place where its text is ever shown. */
export class CreateTokenResponseDto {
  @Text({ description: 'The token itself, a JWT. Shown once and stored nowhere.' })
  accessToken: string;

  @Count({ description: 'Seconds that the token really lives: exp − iat' })
  expiresIn: number;

  @Count({ description: 'The configured max TTL in seconds; 0: none' })
  accessTokenMaxTTL: number;

  @ApiProperty({ type: 'string', enum: ['Bearer'] })
  tokenType: 'Bearer';

  @ApiProperty({ type: TokenDto })
  tokenData: TokenDto;
}
