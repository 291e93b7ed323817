import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { json } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import type { RequestOptions } from './http-client.js';

export interface AnswerHere {
  status: number;
  /** By which the service's log knows the request. */
  reqId: string;
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
  /** Whose certificate it came with; null without TLS. */
  servedAs: string | null;
}

/** A client with one connection, which it keeps: whoever took it in answers everything. */
export class OneConnection {
  private readonly agent;

  /** Over HTTPS where the origin says so, whoever signed the certificate. */
  constructor(private readonly origin: string) {
    const one = { keepAlive: true, maxSockets: 1 };
    this.agent = this.isTls ? new https.Agent({ ...one, rejectUnauthorized: false }) : new http.Agent(one);
  }

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

  private get isTls(): boolean {
    return this.origin.startsWith('https:');
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
    const { request } = this.isTls ? https : http;
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
      const { socket } = response;
      const servedAs = socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject.CN) : null;
      return { status: response.statusCode ?? 0, reqId, body: await json(response), servedAs };
    };
  }
}
