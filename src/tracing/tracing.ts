import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { context, trace } from '@opentelemetry/api';
import { getRPCMetadata, RPCType, W3CTraceContextPropagator } from '@opentelemetry/core';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';
import '../common/http/fastify-request.js';
import type { AppConfig } from '../config/app-config.js';
import { PlainSpanExporter, REQ_ID } from './plain-spans.js';

/** Milliseconds that the end of the process waits for the last spans to be taken. */
const LAST_SPANS_MS = 3000;

/** Spans for requests and statements, from now to the end of the process. */
export interface Tracing {
  /** Names the spans of a service by its routes, and tells its log the trace of each request. */
  attach(app: NestFastifyApplication): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

interface TracedProcess {
  version: string;
  /** Probes and Prometheus come so often that they would hide everything else. Null where another process has them. */
  managementPort: number | null;
  log: Logger;
}

/** Loaded only when traces are on: it changes `http` and `pg` for the whole process. */
export async function startTracing(
  { OTEL_EXPORTER_OTLP_PROTOCOL }: AppConfig,
  { version, managementPort, log }: TracedProcess,
): Promise<Tracing> {
  const exporter = new PlainSpanExporter(await exporterFor(OTEL_EXPORTER_OTLP_PROTOCOL), changesTo(log));
  const own = resourceFromAttributes({ 'service.name': 'token-auth', 'service.version': version });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  instrument(managementPort);
  return { attach, close: () => Promise.race([provider.shutdown(), sleep(LAST_SPANS_MS)]) };
}

/** Says once that a collector takes nothing, and once that it does again. */
function changesTo(log: Logger): (isTaken: boolean) => void {
  let wasTaken = true;
  return (isTaken) => {
    if (wasTaken && !isTaken) log.warn('traces are not taken; see OTEL_EXPORTER_OTLP_ENDPOINT');
    if (!wasTaken && isTaken) log.info('traces are taken again');
    wasTaken = isTaken;
  };
}

async function exporterFor(protocol: string): Promise<SpanExporter> {
  if (protocol === 'http/json') {
    return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
  }
  return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
}

/**
 * The instrumentations see what is `require`d once they are there. ES modules are not, but what they import of `http`
 * and `pg` shares its prototypes with what is required here, and those are what is changed.
 */
function instrument(managementPort: number | null): void {
  const ignoreIncomingRequestHook = ({ socket }: IncomingMessage): boolean => socket.localPort === managementPort;
  new HttpInstrumentation({ ignoreIncomingRequestHook, disableOutgoingRequestInstrumentation: true }).enable();
  new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }).enable();
  const require = createRequire(import.meta.url);
  for (const name of ['http', 'pg']) require(name);
}

function attach(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const span = trace.getActiveSpan();
    const metadata = getRPCMetadata(context.active());
    if (metadata?.type === RPCType.HTTP) metadata.route = request.routeOptions.url;
    span?.setAttribute(REQ_ID, request.id);
    request.traceId = span?.spanContext().traceId;
    done();
  });
}
