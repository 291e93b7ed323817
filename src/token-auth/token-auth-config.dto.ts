import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { IntegerField } from '../common/validation/fields.js';
import { Count, Time, Uuid } from '../common/validation/response-fields.js';
import type { TokenAuthConfig } from '../database/entities/token-auth-config.entity.js';
import { isTtlAllowed } from './token-auth-limits.js';
import { TrustedIpDto, type TrustedIpInputDto, TrustedIpsField } from './trusted-ip.dto.js';

/** Ten years in seconds. */
const MAX_TTL = 315_360_000;

/** What a max TTL is when nobody says one: thirty days in seconds. */
export const DEFAULT_TTL = 2_592_000;

const MAX_USES = 2_147_483_647;

/** The entries of an allow-list that lets every address in. */
export const EVERY_ADDRESS = [{ ipAddress: '0.0.0.0/0' }, { ipAddress: '::/0' }];

/** Refuses a TTL above the max TTL of the same body, where the body says what that is. */
const NotAboveMaxTtl = (absentMaxTtl?: number): PropertyDecorator =>
  ValidateBy({
    name: 'notAboveMaxTtl',
    validator: {
      validate: (ttl: unknown, args?: ValidationArguments) => {
        const body: UpdateTokenAuthDto = args?.object ?? {};
        const maxTtl = body.accessTokenMaxTTL ?? absentMaxTtl;
        return typeof ttl !== 'number' || typeof maxTtl !== 'number' || isTtlAllowed(ttl, maxTtl);
      },
      defaultMessage: () => '$property must not be above accessTokenMaxTTL',
    },
  });

const TTL = 'Seconds that a token lives from its mint or renewal; 0: no limit of this kind';
const MAX = 'Seconds that a token lives at most, renewals included; 0: no limit of this kind';
const USES = 'How often a token may be used; 0: any number of times';

export class AttachTokenAuthDto {
  @TrustedIpsField({ default: EVERY_ADDRESS })
  accessTokenTrustedIps?: TrustedIpInputDto[];

  @IntegerField({ minimum: 0, maximum: MAX_TTL, default: DEFAULT_TTL, description: TTL })
  @NotAboveMaxTtl(DEFAULT_TTL)
  accessTokenTTL?: number;

  @IntegerField({ minimum: 0, maximum: MAX_TTL, default: DEFAULT_TTL, description: MAX })
  accessTokenMaxTTL?: number;

  @IntegerField({ minimum: 0, maximum: MAX_USES, publishMaximum: false, default: 0, description: USES })
  accessTokenNumUsesLimit?: number;
}

export class UpdateTokenAuthDto {
  @TrustedIpsField()
  accessTokenTrustedIps?: TrustedIpInputDto[];

  @IntegerField({ minimum: 0, maximum: MAX_TTL, description: TTL })
  @NotAboveMaxTtl()
  accessTokenTTL?: number;

  @IntegerField({ minimum: 0, maximum: MAX_TTL, description: MAX })
  accessTokenMaxTTL?: number;

  @IntegerField({ minimum: 0, maximum: MAX_USES, publishMaximum: false, description: USES })
  accessTokenNumUsesLimit?: number;
}

/** Token Auth as it is set up for one identity. */
export class TokenAuthConfigDto {
  @Uuid()
  id: string;

  @Count({ default: DEFAULT_TTL, required: false })
  accessTokenTTL: number;

  @Count({ default: DEFAULT_TTL, required: false })
  accessTokenMaxTTL: number;

  @Count({ default: 0, required: false })
  accessTokenNumUsesLimit: number;

  @ApiProperty({ type: [TrustedIpDto], required: false })
  accessTokenTrustedIps: TrustedIpDto[];

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  @Uuid()
  identityId: string;

  @Count({ default: 0, required: false })
  accessTokenPeriod: number;

  static from(config: TokenAuthConfig): TokenAuthConfigDto {
    return {
      id: config.id,
      accessTokenTTL: config.ttl,
      accessTokenMaxTTL: config.maxTtl,
      accessTokenNumUsesLimit: config.numUsesLimit,
      accessTokenTrustedIps: config.trustedIps,
      createdAt: config.createdAt,
      updatedAt: config.updatedAt,
      identityId: config.identityId,
      accessTokenPeriod: 0,
    };
  }
}

export class TokenAuthConfigResponseDto {
  @ApiProperty({ type: TokenAuthConfigDto })
  identityTokenAuth: TokenAuthConfigDto;

  static from(config: TokenAuthConfig): TokenAuthConfigResponseDto {
    return { identityTokenAuth: TokenAuthConfigDto.from(config) };
  }
}
