import { Module } from '@nestjs/common';
import { IdentityController } from './identity.controller.js';
import { IdentityService } from './identity.service.js';
import { MemberIdentities } from './member-identities.service.js';

/** Machine identities. */
@Module({
  controllers: [IdentityController],
  providers: [IdentityService, MemberIdentities],
  exports: [MemberIdentities],
})
export class IdentityModule {}
