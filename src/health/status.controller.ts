import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../access-token/public.decorator.js';
import { Clock } from '../common/clock.js';
import { Count, Flag, Text, Time } from '../common/validation/response-fields.js';
import { AppConfig } from '../config/app-config.js';

export class StatusDto {
  @Time({ required: false })
  date: Date;

  @Text()
  message: string;

  @Flag({ required: false })
  emailConfigured: boolean;

  @Flag({ required: false })
  inviteOnlySignup: boolean;

  @Flag({ required: false })
  redisConfigured: boolean;

  @Flag({ required: false })
  secretScanningConfigured: boolean;

  @Flag({ required: false })
  auditLogStorageDisabled: boolean;

  @Count({ required: false, description: 'Seconds; no token lives longer' })
  maxIdentityAccessTokenTTL: number;
}

@ApiTags('Status')
@Controller('status')
export class StatusController {
  constructor(
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Say that the service answers */
  @Get()
  @Public()
  getStatus(): StatusDto {
    return {
      date: this.clock.now(),
      message: 'Ok',
      emailConfigured: false,
      inviteOnlySignup: true,
      redisConfigured: false,
      secretScanningConfigured: false,
      auditLogStorageDisabled: false,
      maxIdentityAccessTokenTTL: this.config.ACCESS_TOKEN_MAX_AGE,
    };
  }
}
