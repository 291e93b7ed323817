import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node';

/** The request that a span belongs to, as logs and answers name it. */
export const REQ_ID = 'token_auth.req_id';

/** All that may be said of a span. Whatever an instrumentation adds tomorrow, and all that a caller sent, is not in it. */
const TOLD = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'network.protocol.version',
  'url.scheme',
  'error.type',
  'db.system.name',
  'db.namespace',
  'db.operation.name',
  'db.query.text',
  'db.response.status_code',
  REQ_ID,
]);

/** Hands spans on with nothing but what may be said of them: no URL, header, address, error text or state of a caller's. */
export class PlainSpanExporter implements SpanExporter {
  constructor(
    private readonly exporter: SpanExporter,
    /** Told of each attempt whether the spans were taken. */
    private readonly tell: (isTaken: boolean) => void,
  ) {}

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    this.exporter.export(spans.map(plain), (result) => {
      this.tell(result.error === undefined);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }
}

/** Written out, not copied: what is not named here stays behind. */
function plain(span: ReadableSpan): ReadableSpan {
  const context = plainContext(span.spanContext());
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    parentSpanContext: span.parentSpanContext && plainContext(span.parentSpanContext),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: { code: span.status.code },
    attributes: plainAttributes(span.attributes),
    links: [],
    events: [],
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const plainContext = ({ traceId, spanId, traceFlags, isRemote }: SpanContext): SpanContext => ({
  traceId,
  spanId,
  traceFlags,
  isRemote,
});

const plainAttributes = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => TOLD.has(name)));
