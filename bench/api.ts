import { expectTrue } from './wrong-answer.js';

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** How the bench itself speaks to a replica, outside of what is measured. */
export class Api {
  constructor(
    readonly origin: string,
    private readonly token: string,
    /** For questions that follow one another at once. Between others, the server may have closed the connection. */
    private readonly isConnectionKept = false,
  ) {}

  /** The answer, whatever its status. */
  async ask<Body>(method: string, path: string, body?: object, headers: object = {}): Promise<Answer<Body>> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(this.isConnectionKept ? {} : { connection: 'close' }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  /** The body of an answer that must be good. */
  async get<Body>(path: string): Promise<Body> {
    return this.good('GET', path);
  }

  async post<Body>(path: string, body: object = {}): Promise<Body> {
    return this.good('POST', path, body);
  }

  async good<Body>(method: string, path: string, body?: object): Promise<Body> {
    const answer = await this.ask<Body>(method, path, body);
    expectTrue(answer.status === 200, `${method} ${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Whether a verifier is told that a token is good. Costs no use. */
  async isActive(token: string): Promise<boolean> {
    return (await this.post<{ active: boolean }>('/oauth2/introspect', { token, consume: false })).active;
  }
}
