import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
/** Looks like a token, and is short enough for an id. */
const TOKEN_SHAPED = 'eyJzZWNyZXQ.eyJzZWNyZXQ.c2VjcmV0';

describe('the log line of a request', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ token } = await app.given.root());
  });
  afterAll(() => app.stop());

  /** A route of Nest's pipeline, one beside it, and none. */
  const ways: [string, (headers: Record<string, string>) => Promise<Answer>][] = [
    ['a route', (headers) => app.http.get('/api/v1/identities/details', { token, headers })],
    ['a hot route', (headers) => app.http.post('/oauth2/introspect', { token, headers, body: { token } })],
    ['no route', (headers) => app.http.get('/nowhere', { headers })],
    ['a malformed path', (headers) => app.http.get('/%', { headers })],
  ];

  it.each(ways)("has the caller's own id beside ours, which alone is answered: %s", async (_name, ask) => {
    const answer = await ask({ 'x-request-id': 'gateway-7.b_1' });
    const reqId = answer.headers.get('x-request-id');
    expect(reqId).toMatch(/^req-[A-Za-z0-9]{14}$/);
    expect(app.logOf(answer)).toMatchObject({ reqId, callerReqId: 'gateway-7.b_1' });
  });

  it.each(ways)("has the trace of the caller's traceparent: %s", async (_name, ask) => {
    expect(app.logOf(await ask({ traceparent: TRACEPARENT }))).toMatchObject({ traceId: TRACE_ID });
  });

  it.each(ways)('has neither where none was sent: %s', async (_name, ask) => {
    const line = app.logOf(await ask({}));
    expect(line).toMatchObject({ msg: 'request' });
    expect(line).not.toHaveProperty('callerReqId');
    expect(line).not.toHaveProperty('traceId');
  });

  it.each([
    ['x-request-id', 'not one word', 'not one word'],
    ['x-request-id', `too-long-${'a'.repeat(64)}`, 'too-long'],
    ['x-request-id', TOKEN_SHAPED, 'ZWNyZXQ'],
    ['traceparent', 'junk-traceparent', 'junk-traceparent'],
    ['traceparent', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, '0'.repeat(32)],
    ['traceparent', TOKEN_SHAPED, 'ZWNyZXQ'],
  ])('has nothing of a header that is not well-formed: %s: %s', async (name, value, telling) => {
    for (const [, ask] of ways) expect(app.logOf(await ask({ [name]: value }))).toMatchObject({ msg: 'request' });
    expect(app.logLines.join('')).not.toContain(telling);
  });
});
