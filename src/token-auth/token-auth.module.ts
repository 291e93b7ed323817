import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessTokenModule } from '../access-token/access-token.module.js';
import { BearerJwtGuard } from '../access-token/bearer-jwt.guard.js';
import { MintJudge } from './mint-judge.service.js';
import { TokenAuthConfigReader } from './token-auth-config-reader.service.js';
import { TokenAuthConfigService } from './token-auth-config.service.js';
import { TokenAuthController } from './token-auth.controller.js';
import { TokenAuthService } from './token-auth.service.js';
import { TokenMintService } from './token-mint.service.js';
import { TokenRecordReader, TokenRecordService } from './token-record.service.js';

/** Token Auth: the controller, its provider, and the guard, which closes every route of the service. */
@Module({
  imports: [AccessTokenModule],
  controllers: [TokenAuthController],
  providers: [
    TokenAuthService,
    TokenAuthConfigService,
    TokenAuthConfigReader,
    MintJudge,
    TokenMintService,
    TokenRecordService,
    TokenRecordReader,
    { provide: APP_GUARD, useExisting: BearerJwtGuard },
  ],
})
export class TokenAuthModule {}
