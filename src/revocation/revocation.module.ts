import { Global, Module } from '@nestjs/common';
import { RevocationLog } from './revocation-log.service.js';
import { RevocationMetrics } from './revocation-metrics.js';
import { RevocationReader } from './revocation-reader.service.js';

@Global()
@Module({ providers: [RevocationReader, RevocationLog, RevocationMetrics], exports: [RevocationReader, RevocationLog] })
export class RevocationModule {}
