import { Global, Module } from '@nestjs/common';
import { AppConfig } from './app-config.js';

/** Gives everything that the environment decides to whoever asks for `AppConfig`. */
@Global()
@Module({ providers: [{ provide: AppConfig, useFactory: () => AppConfig.load() }], exports: [AppConfig] })
export class ConfigModule {}
