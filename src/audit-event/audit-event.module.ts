import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { RefusalInterceptor } from './refusal.interceptor.js';
import { RefusalLog } from './refusal-log.service.js';
import { AuditEvents } from './audit-events.service.js';

@Global()
@Module({
  providers: [
    AuditEvents,
    RefusalLog,
    RefusalInterceptor,
    { provide: APP_INTERCEPTOR, useExisting: RefusalInterceptor },
  ],
  exports: [AuditEvents, RefusalInterceptor],
})
export class AuditEventModule {}
