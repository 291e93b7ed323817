import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildServer, PROJECT_ROOT } from './child-server.js';

export const ISSUER = 'http://localhost:8080';

/** What all replicas of a run share. */
export class ServiceSetting {
  readonly keyEncryptionKey = randomBytes(32);
  readonly bootstrapToken = randomBytes(24).toString('hex');

  constructor(private readonly databaseUrl: string) {}

  /** What a process of the service is told. */
  get environment(): Record<string, string> {
    return {
      ...imageEnvironment(),
      DATABASE_URL: this.databaseUrl,
      ISSUER,
      KEY_ENCRYPTION_KEYS: this.keyEncryptionKey.toString('base64'),
      BOOTSTRAP_ENABLED: 'true',
      BOOTSTRAP_TOKEN: this.bootstrapToken,
      // Replicas of one machine can't all have the same port, and no balancer has to be waited for.
      MANAGEMENT_PORT: '0',
      SHUTDOWN_GRACE: '0',
    };
  }

  /** Starts a replica of the built service, with everything at its default that has one. */
  start(env: Record<string, string> = {}, nodeOptions: readonly string[] = []): Promise<ChildServer> {
    return ChildServer.start({
      args: [...nodeOptions, 'dist/bundle/main.js'],
      env: { ...this.environment, ...env },
      readyPath: '/api/status',
    });
  }
}

/** What the image tells its processes, so that what is measured is what is deployed. */
function imageEnvironment(): Record<string, string> {
  const lines = readFileSync(join(PROJECT_ROOT, 'Dockerfile'), 'utf8').matchAll(/^ENV .+$/gm);
  const settings = [...lines].flatMap(([line]) => [...line.matchAll(/ (\w+)=(\S+)/g)]);
  const environment = Object.fromEntries(settings.map(([, name = '', value = '']) => [name, value]));
  if (environment.NODE_OPTIONS === undefined) throw new Error('The Dockerfile sets no NODE_OPTIONS');
  return environment;
}
