import { Global, Module } from '@nestjs/common';
import { RevocationLog } from './revocation-log.service.js';
import { RevocationReader } from './revocation-reader.service.js';

@Global()
@Module({ providers: [RevocationReader, RevocationLog], exports: [RevocationReader, RevocationLog] })
export class RevocationModule {}
