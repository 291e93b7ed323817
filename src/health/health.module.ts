import { Module } from '@nestjs/common';
import { StatusController } from './status.controller.js';

/** How the service does. */
@Module({ controllers: [StatusController] })
export class HealthModule {}
