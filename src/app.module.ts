import { type DynamicModule, Module } from '@nestjs/common';
import { AccessTokenModule } from './access-token/access-token.module.js';
import { AuditEventModule } from './audit-event/audit-event.module.js';
import { AuditLogModule } from './audit-log/audit-log.module.js';
import { BootstrapModule } from './bootstrap/bootstrap.module.js';
import { CommonModule } from './common/common.module.js';
import type { AppConfig } from './config/app-config.js';
import type { Backing } from './config/backing.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { IdentityModule } from './identity/identity.module.js';
import { OrganizationModule } from './organization/organization.module.js';
import { PermissionModule } from './permission/permission.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { RevocationModule } from './revocation/revocation.module.js';
import { RevocationFeedModule } from './revocation-feed/revocation-feed.module.js';
import { RoleModule } from './role/role.module.js';
import { TokenAuthModule } from './token-auth/token-auth.module.js';

const FEATURES = [
  TokenAuthModule,
  IdentityModule,
  OrganizationModule,
  RoleModule,
  AuditLogModule,
  RevocationFeedModule,
  BootstrapModule,
  HealthModule,
  RetentionModule,
];
const FOUNDATIONS = [
  CommonModule,
  DatabaseModule,
  RevocationModule,
  AuditEventModule,
  PermissionModule,
  AccessTokenModule,
];

/** The list of features. */
@Module({})
export class AppModule {
  static with(config: AppConfig, backing: Backing): DynamicModule {
    return { module: AppModule, imports: [ConfigModule.with(config, backing), ...FOUNDATIONS, ...FEATURES] };
  }
}
