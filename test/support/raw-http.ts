import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  /** The body as it came. */
  text: string;
}

/**
 * Writes bytes that no HTTP client would send, and reads the answer until the server ends the connection. Ask for
 * `connection: close` where the server would keep it.
 */
export async function sendRaw(origin: string, ...chunks: (string | Buffer)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  // A server that has answered may close while more is on its way; what it answered counts.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  for (const chunk of chunks) socket.write(chunk);
  await closed;
  return parse(Buffer.concat(received).toString());
}

/** The text of a request, with the header fields that every one needs. */
export function rawRequest(line: string, headers: Record<string, string> = {}, body = ''): string {
  const fields = { host: 'localhost', connection: 'close', ...headers };
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...fields, ...length }).map(([name, value]) => `${name}: ${value}`);
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

function parse(answer: string): RawAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = answer.slice(0, end).split('\r\n');
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    text: answer.slice(end + 4),
  };
}

/** The request line and the header fields, each as it is given. */
export const rawHead = (...lines: string[]): string => [...lines, '', ''].join('\r\n');

/** Checks that an error response has the error envelope and the fixed header fields, and closes the connection. */
export function expectError(response: RawAnswer, status: number, error: string): void {
  expect({ status: response.status, text: response.text }).toEqual({ status, text: expect.stringMatching(/^\{/) });
  const body = JSON.parse(response.text) as { reqId: string };
  expect(body).toEqual({
    reqId: expect.stringMatching(/^req-[A-Za-z0-9]{14}$/),
    statusCode: status,
    message: expect.any(String),
    error,
  });
  expect(response.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-request-id': body.reqId,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    connection: 'close',
  });
}
