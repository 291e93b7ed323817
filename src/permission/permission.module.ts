import { Global, Module } from '@nestjs/common';
import { MemberIdentities } from './member-identities.service.js';
import { Permissions } from './permissions.service.js';

@Global()
@Module({ providers: [Permissions, MemberIdentities], exports: [Permissions, MemberIdentities] })
export class PermissionModule {}
