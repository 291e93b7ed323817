import { writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { describeApi } from '../app.openapi.js';
import { createLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { buildApp } from './build-app.js';

/** Writes the description of the API. Needs no database: the service is only outlined. */
export async function openapiCommand(out?: string): Promise<void> {
  const config = AppConfig.load({});
  const app = await buildApp(
    config,
    new Backing('postgres://none.invalid/none', [randomBytes(32)]),
    createLogger('error', false),
    { preview: true },
  );
  const text = `${JSON.stringify(describeApi(app), null, 2)}\n`;
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, text);
}
