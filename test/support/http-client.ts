export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed JSON; tests say what they expect of it. */
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface RequestOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Speaks HTTP to the service under test. A string body goes out as it is. */
export class HttpClient {
  constructor(private readonly origin: string) {}

  get = (path: string, options?: RequestOptions): Promise<Answer> => this.send('GET', path, options);
  post = (path: string, options?: RequestOptions): Promise<Answer> => this.send('POST', path, options);
  put = (path: string, options?: RequestOptions): Promise<Answer> => this.send('PUT', path, options);
  patch = (path: string, options?: RequestOptions): Promise<Answer> => this.send('PATCH', path, options);
  delete = (path: string, options?: RequestOptions): Promise<Answer> => this.send('DELETE', path, options);

  async send(method: string, path: string, { token, body, headers = {} }: RequestOptions = {}): Promise<Answer> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await wholeText(response);
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }
}

/** A stream has no end to wait for: its beginning is answer enough. */
async function wholeText(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  await response.body?.cancel();
  return '';
}
