import { existsSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BootstrapService } from '../bootstrap/bootstrap.service.js';
import type { AppConfig } from '../config/app-config.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { writeSecret } from './backing.js';
import { operatorContext } from './operator-context.js';

const ORGANIZATION = 'My Organization';

/** What a newcomer needs to know after a start. */
export interface Welcome {
  /** Where the admin token is, and the identity that it belongs to; null when this start made none. */
  admin: { tokenFile: string; identityId: string } | null;
  /** Where a first start puts the token. */
  tokenFile: string;
}

/** Sets up an empty instance and keeps its admin token in a file that its owner alone can read. */
export async function welcome(app: NestFastifyApplication, secretsDir: string, isOn: boolean): Promise<Welcome> {
  const tokenFile = join(secretsDir, 'admin-token');
  const bootstrap = app.get(BootstrapService);
  const { isTrusted } = app.get(RevocationReader);
  if (!isOn || !isTrusted || (await bootstrap.isBootstrapped())) return { admin: null, tokenFile };
  // A token that could not be kept would be lost: the place for it comes first.
  await mkdir(secretsDir, { recursive: true, mode: 0o711 });
  await access(secretsDir, constants.W_OK);
  const { identity, token } = await bootstrap.bootstrap(ORGANIZATION, operatorContext());
  await writeSecret(tokenFile, token);
  await writeSecret(join(secretsDir, 'admin-identity'), identity.id);
  return { admin: { tokenFile, identityId: identity.id }, tokenFile };
}

/** The block that a start prints for people. It names the file that holds the token, never the token. */
export function welcomeText({ admin, tokenFile }: Welcome, { tlsFiles }: AppConfig, port: number): string {
  const origin = `${tlsFiles ? 'https' : 'http'}://localhost:${port}`;
  if (!admin)
    return `Token Auth Service is up: Swagger UI at ${origin}/api/docs${existsSync(tokenFile) ? `, admin token in ${tokenFile}` : ''}`;
  return [
    '',
    '  Token Auth Service is up, on a new instance with its first organization and admin identity.',
    '',
    `  Swagger UI    ${origin}/api/docs   (Authorize with the admin token, then "Try it out")`,
    `  Admin token   ${admin.tokenFile}   (readable by you alone)`,
    '',
    '  Mint a first token:',
    '',
    `  curl -sS -X POST ${origin}/api/v1/auth/token-auth/identities/${admin.identityId}/tokens \\`,
    `    -H "Authorization: Bearer $(cat '${admin.tokenFile}')" \\`,
    `    -H 'Content-Type: application/json' -d '{"name":"my first token"}'`,
    '',
  ].join('\n');
}
