import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

export interface ToldSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

interface Export {
  resourceSpans: { scopeSpans: { spans: ToldSpan[] }[] }[];
}

/** Takes traces in, as an OpenTelemetry collector does (OTLP over HTTP, as JSON). */
export class Collector {
  readonly spans: ToldSpan[] = [];
  /** Everything that came, as it came. */
  text = '';
  /** Whether it takes what comes. */
  isWilling = true;
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      this.text += `${request.method} ${request.url} ${JSON.stringify(request.headers)}\n${body}\n`;
      if (!this.isWilling) return void response.writeHead(400).end();
      const { resourceSpans } = JSON.parse(body) as Export;
      this.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What is told of one trace. */
  of(traceId: string): ToldSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }
}
