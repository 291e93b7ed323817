import { Module } from '@nestjs/common';
import { IdentityDeletion } from './identity-deletion.service.js';
import { IdentityReader } from './identity-reader.service.js';
import { IdentityController } from './identity.controller.js';
import { IdentityService } from './identity.service.js';

/** Machine identities. */
@Module({ controllers: [IdentityController], providers: [IdentityService, IdentityReader, IdentityDeletion] })
export class IdentityModule {}
