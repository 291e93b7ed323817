import type { Server } from 'node:https';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { boundConnections } from './common/http/connections.js';
import { corsOptions } from './common/http/cors.js';
import { keepTlsFresh } from './common/http/tls.js';
import { acceptAllRequests } from './common/http/transport-errors.js';
import { Metrics } from './common/metrics.js';
import type { AppConfig } from './config/app-config.js';

/** What is told the server itself, and what browsers are told of other origins. */
export function prepareServer(app: NestFastifyApplication, config: AppConfig, log: Logger): void {
  const { server } = app.getHttpAdapter().getInstance();
  const metrics = app.get(Metrics);
  acceptAllRequests(server, log);
  boundConnections(server, config.MAX_CONNECTIONS, metrics);
  const help = 'When a certificate that is in use ends, by the variable that names it';
  const expiry = metrics.gauge('tls_expiry_timestamp_seconds', help, 'min', ['variable']);
  if (config.tlsFiles) keepTlsFresh(server as Server, config.tlsFiles, expiry, log);
  if (config.CORS_ORIGINS.length > 0) app.enableCors(corsOptions(config.CORS_ORIGINS));
}
