import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsObject,
  IsString,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { parseTrustedIp } from '../common/http/trusted-ip.js';
import { Optional } from '../common/validation/fields.js';
import { Integer, Text } from '../common/validation/response-fields.js';

const MAX_TRUSTED_IPS = 256;

const IsTrustedIp = (): PropertyDecorator =>
  ValidateBy({
    name: 'isTrustedIp',
    validator: {
      validate: (value) => typeof value === 'string' && parseTrustedIp(value) !== null,
      defaultMessage: () => '$property must be an IPv4 or IPv6 address or a CIDR',
    },
  });

export class TrustedIpInputDto {
  /**
   * An IPv4 or IPv6 address, or a CIDR; surrounding blanks are trimmed
   * @example 10.0.0.0/8
   */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsDefined()
  @IsString()
  @IsTrustedIp()
  @ApiProperty({ type: 'string' })
  ipAddress: string;
}

/** The addresses from which tokens may be used; at least one. */
export const TrustedIpsField = (options: { default?: unknown } = {}): PropertyDecorator =>
  applyDecorators(
    Optional(),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_TRUSTED_IPS),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    Type(() => TrustedIpInputDto),
    ApiProperty({
      type: [TrustedIpInputDto],
      required: false,
      minItems: 1,
      maxItems: MAX_TRUSTED_IPS,
      description: "Addresses from which the tokens may be used. All of the identity's tokens follow a change.",
      ...options,
    }),
  );

/** An entry of the allow-list as it was sent, taken apart. */
export class TrustedIpDto {
  @Text()
  ipAddress: string;

  @ApiProperty({ type: 'string', enum: ['ipv4', 'ipv6'] })
  type: string;

  /** Absent for a bare address */
  @Integer({ required: false })
  prefix?: number;
}
