import { type DynamicModule, Module } from '@nestjs/common';
import { AppConfig } from './app-config.js';
import { Backing } from './backing.js';

/** Gives what the environment decides, and what the start found out, to whoever asks for it. */
@Module({})
export class ConfigModule {
  static with(config: AppConfig, backing: Backing): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [
        { provide: AppConfig, useValue: config },
        { provide: Backing, useValue: backing },
      ],
      exports: [AppConfig, Backing],
    };
  }
}
