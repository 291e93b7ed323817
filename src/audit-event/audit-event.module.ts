import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { RefusalInterceptor } from './refusal.interceptor.js';
import { RefusalLogModule } from './refusal-log.module.js';
import { AuditEvents } from './audit-events.service.js';

@Global()
@Module({
  imports: [RefusalLogModule],
  providers: [AuditEvents, RefusalInterceptor, { provide: APP_INTERCEPTOR, useExisting: RefusalInterceptor }],
  exports: [AuditEvents, RefusalInterceptor],
})
export class AuditEventModule {}
