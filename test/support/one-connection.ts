import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { RequestOptions } from './http-client.js';

export interface AnswerHere {
  status: number;
  /** By which the service's log knows the request. */
  reqId: string;
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** A client with one connection, which it keeps: whoever took it in answers everything. */
export class OneConnection {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly origin: string) {}

  async send(method: string, path: string, options: RequestOptions = {}): Promise<AnswerHere> {
    return (await this.begin(method, path, options, {}))();
  }

  /** Sends the header alone. Resolves when the service has taken that in; what it gives back sends the rest. */
  async sendSlowly(method: string, path: string, options: RequestOptions): Promise<() => Promise<AnswerHere>> {
    return this.begin(method, path, options, { expect: '100-continue' });
  }

  close(): void {
    this.agent.destroy();
  }

  private async begin(
    method: string,
    path: string,
    { token, body }: RequestOptions,
    expect: { expect?: string },
  ): Promise<() => Promise<AnswerHere>> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': content.length }),
      ...expect,
    };
    const sent = request(`${this.origin}${path}`, { method, headers, agent: this.agent });
    if (expect.expect !== undefined) {
      sent.flushHeaders();
      await once(sent, 'continue');
    }
    return async () => {
      const answered = once(sent, 'response');
      sent.end(content);
      const [response] = (await answered) as [IncomingMessage];
      const reqId = String(response.headers['x-request-id']);
      return { status: response.statusCode ?? 0, reqId, body: await json(response) };
    };
  }
}
