import { Module } from '@nestjs/common';
import { RefusalLog } from './refusal-log.service.js';

/**
 * The counts of refusals. A module of its own, and not a global one: at a stop those are shut down before the pool of
 * connections is, and only then can the last counts still be written.
 */
@Module({ providers: [RefusalLog], exports: [RefusalLog] })
export class RefusalLogModule {}
