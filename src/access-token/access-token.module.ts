import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { RefusalLogModule } from '../audit-event/refusal-log.module.js';
import { Backing } from '../config/backing.js';
import { AccessTokenController } from './access-token.controller.js';
import { AccessTokenService } from './access-token.service.js';
import { Authority } from './authority.service.js';
import { BearerJwtGuard } from './bearer-jwt.guard.js';
import { CallerTransactions } from './caller-transactions.service.js';
import { ConfirmedRefusalInterceptor } from './confirmed-refusal.interceptor.js';
import { ExpiredTokenRevocation } from './oauth2/expired-token-revocation.service.js';
import { FailedCredentials } from './rate-limit/failed-credentials.service.js';
import { Introspection } from './oauth2/introspection.service.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KeyLifecycle } from './signing-key/key-lifecycle.service.js';
import { KeyMetrics } from './signing-key/key-metrics.js';
import { KeyOpener } from './signing-key/key-opener.service.js';
import { KeyOperations } from './signing-key/key-operations.service.js';
import { KeyPreparation } from './signing-key/key-preparation.service.js';
import { KeySealer } from './signing-key/key-sealer.js';
import { KeyUpkeep } from './signing-key/key-upkeep.service.js';
import { LiveTokens } from './mint/live-tokens.service.js';
import { MintBatches } from './mint/mint-batches.service.js';
import { MintEpochs } from './mint/mint-epochs.service.js';
import { OAuth2Controller } from './oauth2/oauth2.controller.js';
import { OptionalBearer } from './optional-bearer.service.js';
import { ReadLimitInterceptor } from './read-limit.interceptor.js';
import { RateLimits } from './rate-limit/rate-limits.service.js';
import { Restore } from './restore.service.js';
import { SelfRevocation } from './self-revocation.service.js';
import { SigningKeys } from './signing-key/signing-keys.service.js';
import { TokenCensus } from './token-census.service.js';
import { TokenIssuer } from './mint/token-issuer.service.js';
import { TokenMinter } from './mint/token-minter.service.js';
import { TokenProof } from './token-proof.service.js';
import { TokenStates } from './token-states.service.js';
import { TokenRenewal } from './token-renewal.service.js';
import { TokenRevocation } from './oauth2/token-revocation.service.js';
import { TokenUsageModule } from './usage/token-usage.module.js';
import { WellKnownController } from './signing-key/well-known.controller.js';

/** Tokens, whatever issued them: keys, signing, verification, and the caller's authority for a change. */
@Global()
@Module({
  imports: [PassportModule, JwtModule.register({}), TokenUsageModule, RefusalLogModule],
  controllers: [AccessTokenController, OAuth2Controller, WellKnownController],
  providers: [
    {
      provide: KeySealer,
      inject: [Backing],
      useFactory: ({ keyEncryptionKeys }: Backing) => new KeySealer(keyEncryptionKeys),
    },
    KeyOpener,
    KeyLifecycle,
    KeyPreparation,
    SigningKeys,
    KeyUpkeep,
    KeyOperations,
    KeyMetrics,
    TokenCensus,
    Restore,
    TokenProof,
    TokenIssuer,
    MintBatches,
    MintEpochs,
    TokenMinter,
    TokenStates,
    FailedCredentials,
    LiveTokens,
    RateLimits,
    AccessTokenService,
    CallerTransactions,
    Authority,
    TokenRenewal,
    SelfRevocation,
    OptionalBearer,
    ExpiredTokenRevocation,
    TokenRevocation,
    Introspection,
    JwtStrategy,
    BearerJwtGuard,
    ConfirmedRefusalInterceptor,
    { provide: APP_INTERCEPTOR, useExisting: ConfirmedRefusalInterceptor },
    { provide: APP_INTERCEPTOR, useClass: ReadLimitInterceptor },
  ],
  exports: [
    FailedCredentials,
    LiveTokens,
    SigningKeys,
    KeyUpkeep,
    KeyOperations,
    TokenCensus,
    Restore,
    TokenProof,
    TokenIssuer,
    TokenMinter,
    AccessTokenService,
    Authority,
    BearerJwtGuard,
    ConfirmedRefusalInterceptor,
  ],
})
export class AccessTokenModule {}
