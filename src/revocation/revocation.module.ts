import { Global, Module } from '@nestjs/common';
import { RevocationLog } from './revocation-log.service.js';

@Global()
@Module({ providers: [RevocationLog], exports: [RevocationLog] })
export class RevocationModule {}
