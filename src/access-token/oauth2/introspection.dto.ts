import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsDefined, IsObject, ValidateBy, ValidateNested } from 'class-validator';
import { normalizeAddress } from '../../common/http/client-address.js';
import { Certain } from '../../common/validation/certain.js';
import { BooleanField, Optional, TextField } from '../../common/validation/fields.js';
import { Count, Flag, Text, Uuid } from '../../common/validation/response-fields.js';
import { LONGEST_TEXT } from '../access-token.dto.js';
import type { Subject, Verdict } from './introspection.service.js';

const MAX_TOKENS = 100;

const TokenField = (): PropertyDecorator =>
  TextField({
    required: true,
    maxLength: LONGEST_TEXT,
    publish: false,
    description: 'The access token itself',
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl',
  });

const TypeHintField = (): PropertyDecorator =>
  TextField({
    maxLength: 255,
    description: 'Accepted and not needed: all tokens are access tokens',
    example: 'access_token',
  });

const CLIENT_ADDRESS =
  'The address that the token was shown from, IPv4 or IPv6. A token whose addresses are limited is judged by it, and without it is not active.';

const isAddress = (value: unknown): boolean => typeof value === 'string' && normalizeAddress(value) !== null;

const ClientAddressField = (): PropertyDecorator =>
  applyDecorators(
    Certain(
      (value) => value === undefined || isAddress(value),
      Optional(),
      ValidateBy({
        name: 'isClientAddress',
        validator: {
          validate: isAddress,
          defaultMessage: () => '$property must be an IPv4 or IPv6 address',
        },
      }),
    ),
    ApiProperty({ type: 'string', required: false, description: CLIENT_ADDRESS, example: '203.0.113.7' }),
  );

export class SubjectDto {
  @TokenField()
  token: string;

  @ClientAddressField()
  client_address?: string;

  static toSubject({ token, client_address: address }: SubjectDto): Subject {
    return { token, address: address === undefined ? undefined : (normalizeAddress(address) ?? undefined) };
  }
}

export class IntrospectTokenDto extends SubjectDto {
  @TypeHintField()
  token_type_hint?: string;

  @BooleanField({
    default: true,
    description: 'Whether an active answer costs a use of a token whose uses are limited',
    example: true,
  })
  consume?: boolean;
}

export class IntrospectTokensDto {
  @IsDefined({ message: '$property is required' })
  @IsArray()
  @ArrayMaxSize(MAX_TOKENS)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => SubjectDto)
  @ApiProperty({ type: [SubjectDto], maxItems: MAX_TOKENS })
  tokens: SubjectDto[];

  @BooleanField({
    default: false,
    description: 'Whether active answers cost a use of tokens whose uses are limited',
    example: false,
  })
  consume?: boolean;
}

export class RevokeTokenDto {
  @TokenField()
  token: string;

  @TypeHintField()
  token_type_hint?: string;
}

/** What a verifier needs to know of a token, and no more. All but `active` is there only when it is true. */
export class IntrospectionDto {
  @Flag({ description: 'Whether the token is good now. The rest is there only when it is.' })
  active: boolean;

  @ApiProperty({ type: 'string', enum: ['Bearer'], required: false })
  token_type?: 'Bearer';

  @Uuid({ required: false, description: 'The identity that the token speaks for' })
  sub?: string;

  @Uuid({ required: false, description: 'The same identity: it is its own client' })
  client_id?: string;

  @Uuid({ required: false, description: "The token's id, which stays through renewals" })
  jti?: string;

  @Text({ required: false })
  iss?: string;

  @Text({ required: false })
  aud?: string;

  @Count({ required: false, description: 'When the text was signed, in seconds since 1970' })
  iat?: number;

  @Count({ required: false, description: 'When the text ends, in seconds since 1970' })
  exp?: number;

  @Uuid({ required: false, description: 'The organization that the token works in' })
  orgId?: string;

  @Uuid({ required: false, description: "That organization's root; the same where it is one" })
  rootOrgId?: string;

  static from({ claims }: Verdict): IntrospectionDto {
    if (claims === null) return { active: false };
    const { sub, client_id, jti, iss, aud, iat, exp, orgId, rootOrgId } = claims;
    return {
      active: true,
      token_type: 'Bearer',
      sub,
      client_id,
      jti,
      iss,
      aud,
      iat,
      exp,
      orgId,
      rootOrgId,
    };
  }
}

export class IntrospectionsDto {
  @ApiProperty({ type: [IntrospectionDto], description: 'In the order of `tokens`' })
  results: IntrospectionDto[];

  static from(verdicts: Verdict[]): IntrospectionsDto {
    return { results: verdicts.map((verdict) => IntrospectionDto.from(verdict)) };
  }
}

/** Nothing needs to be said. */
export class EmptyDto {}
