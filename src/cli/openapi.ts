import { writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { describeApi } from '../app.openapi.js';
import { createCommandLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { buildApp } from './build-app.js';
import type { Terminal } from './terminal.js';

/** Writes the description of the API. Needs no database: the service is only outlined. */
export async function writeOpenapi(terminal: Terminal, out?: string): Promise<void> {
  const config = AppConfig.load({});
  const app = await buildApp(
    config,
    new Backing('postgres://none.invalid/none', [randomBytes(32)]),
    createCommandLogger('error'),
    { preview: true },
  );
  const text = `${JSON.stringify(describeApi(app), null, 2)}\n`;
  if (out === undefined) terminal.out(text);
  else await writeFile(out, text);
}
