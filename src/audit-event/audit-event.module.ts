import { Global, Module } from '@nestjs/common';
import { AuditEvents } from './audit-events.service.js';

@Global()
@Module({ providers: [AuditEvents], exports: [AuditEvents] })
export class AuditEventModule {}
