import { Module } from '@nestjs/common';
import { BootstrapController } from './bootstrap.controller.js';
import { BootstrapGuard } from './bootstrap.guard.js';
import { BootstrapService } from './bootstrap.service.js';

/** The first organization, identity and token of an instance. */
@Module({
  controllers: [BootstrapController],
  providers: [BootstrapService, BootstrapGuard],
  exports: [BootstrapService],
})
export class BootstrapModule {}
