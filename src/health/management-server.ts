import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TerminusModule } from '@nestjs/terminus';
import type { Logger } from 'pino';
import { PortError } from '../common/errors/port-error.js';
import { PARSER_OPTIONS } from '../common/http/server-options.js';
import { acceptAllRequests, answerClientError, rejectInvalidHead } from '../common/http/transport-errors.js';
import { newReqId } from '../common/random-id.js';
import type { AppConfig } from '../config/app-config.js';
import { HealthController } from './health.controller.js';
import { HealthSource } from './health-source.js';
import { MetricsController } from './metrics.controller.js';
import { NoSuchRouteFilter } from './no-such-route.filter.js';

/** Who asks has little to say. */
const TIMEOUT_MS = 5000;

/** Health and metrics, apart from the service that they tell of: nothing of it is public. */
@Module({})
class ManagementModule {
  static of(source: HealthSource): DynamicModule {
    return {
      module: ManagementModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [{ provide: HealthSource, useValue: source }],
    };
  }
}

/** A server of its own for those who run the service, which listens before that one is built and as long as it lives. */
export interface ManagementServer {
  port: number;
  close(): Promise<void>;
}

/** Starts it. A newcomer whose port is taken, by the Prometheus that has the same one, gets any other. */
export async function startManagement(
  source: HealthSource,
  { MANAGEMENT_PORT, HOST, isNewcomers }: AppConfig,
  log: Logger,
): Promise<ManagementServer> {
  try {
    return await listen(source, MANAGEMENT_PORT, HOST, log);
  } catch (error) {
    const isTaken = (error as { code?: string }).code === 'EADDRINUSE';
    if (!isNewcomers || !isTaken) throw PortError.of('MANAGEMENT_PORT', MANAGEMENT_PORT, error);
    return listen(source, 0, HOST, log);
  }
}

async function listen(source: HealthSource, port: number, host: string, log: Logger): Promise<ManagementServer> {
  const adapter = new FastifyAdapter({
    genReqId: newReqId,
    requestIdHeader: false,
    forceCloseConnections: true,
    requestTimeout: TIMEOUT_MS,
    http: PARSER_OPTIONS,
    clientErrorHandler: (error, socket) => answerClientError(log, error, socket),
  });
  const app = await NestFactory.create<NestFastifyApplication>(ManagementModule.of(source), adapter, {
    logger: false,
    abortOnError: false,
  });
  app.useGlobalFilters(new NoSuchRouteFilter());
  acceptAllRequests(app.getHttpServer(), log);
  adapter.setOnRequestHook((request, reply, done) => {
    if (!rejectInvalidHead(request, reply)) done();
  });
  await app.listen(port, host);
  const { port: managementPort } = app.getHttpServer().address() as { port: number };
  log.info({ managementPort }, 'management listening');
  return { port: managementPort, close: () => app.close() };
}
