import { pino } from 'pino';
import { AppConfig } from '../../src/config/app-config.js';
import { startManagement } from '../../src/health/management-server.js';
import { ServiceHealth } from '../../src/health/service-health.js';
import { expectError, rawHead, sendRaw } from '../support/raw-http.js';
import { SortingProxy } from '../support/sorting-proxy.js';
import { TestApp } from '../support/test-app.js';

const DETAILS = '/api/v1/identities/details';
const STATUS = '/api/status';
const MAX_FIELDS = 1000;
const CLIENT = '203.0.113.9';

describe('the header fields of a request', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUSTED_PROXIES: '127.0.0.1' } });
    const accessTokenTrustedIps = ['127.0.0.0/8', '10.1.1.1'].map((ipAddress) => ({ ipAddress }));
    ({ token } = await app.given.identity({ config: { accessTokenTrustedIps } }));
  });
  afterAll(() => app.stop());

  const send = (...lines: string[]) => sendRaw(app.origin, rawHead(...lines));
  const bearer = () => `Authorization: Bearer ${token}`;
  const close = 'Connection: close';
  const host = 'Host: localhost';
  const junk = (count: number): string[] => Array.from({ length: count }, () => 'b:');

  describe('with too many header fields', () => {
    it('returns 431 when the X-Forwarded-For of the proxy comes after 1,100 fields', async () => {
      const proxied = `X-Forwarded-For: ${CLIENT}`;
      const request = `GET ${DETAILS} HTTP/1.1`;
      expect((await send(request, host, close, bearer(), proxied)).status).toBe(403);
      expectError(await send(request, host, bearer(), ...junk(1100), proxied), 431, 'HeaderFieldsTooLarge');
      const forged = [`X-Forwarded-For: 10.1.1.1`, ...junk(2100), proxied];
      expectError(await send(request, host, bearer(), ...forged), 431, 'HeaderFieldsTooLarge');
    });

    it('returns 431 behind a proxy that sorts header fields by name', async () => {
      const proxy = await SortingProxy.start(app.origin, CLIENT);
      const request = [`GET ${DETAILS} HTTP/1.1`, host, close, bearer()];
      expect((await sendRaw(proxy.origin, rawHead(...request))).status).toBe(403);
      const response = await sendRaw(proxy.origin, rawHead(...request, ...junk(1100)));
      await proxy.stop();
      expectError(response, 431, 'HeaderFieldsTooLarge');
    });

    it('returns 431 when an Idempotency-Key comes after 1,100 fields', async () => {
      const request = [`POST /api/v1/auth/token-auth/identities/x/tokens HTTP/1.1`, host, bearer(), ...junk(1100)];
      expectError(await send(...request, 'Idempotency-Key: one'), 431, 'HeaderFieldsTooLarge');
    });

    it.each([
      { count: MAX_FIELDS, status: 403 },
      { count: MAX_FIELDS + 1, status: 431 },
      { count: 4000, status: 431 },
      { count: 16_000, status: 431 },
    ])('returns $status for $count fields, of which the last two decide', async ({ count, status }) => {
      const lines = [host, close, ...junk(count - 4), bearer(), `X-Forwarded-For: ${CLIENT}`];
      expect((await send(`GET ${DETAILS} HTTP/1.1`, ...lines)).status).toBe(status);
    });

    it.each(['/nowhere', '/%', '/oauth2/introspect', '/.well-known/jwks.json', STATUS])(
      'returns 431 on %s',
      async (path) => {
        expect((await send(`POST ${path} HTTP/1.1`, host, ...junk(1100))).status).toBe(431);
      },
    );

    it('logs the request without a client address, because the address is not known', async () => {
      const lines = [host, 'X-Forwarded-For: 10.1.1.1', ...junk(1100), `X-Forwarded-For: ${CLIENT}`];
      const { headers } = await send(`GET ${STATUS} HTTP/1.1`, ...lines);
      expect(app.log).toContainEqual(
        expect.objectContaining({ reqId: headers['x-request-id'], statusCode: 431, address: null }),
      );
    });

    it('returns 431 on the management port', async () => {
      const config = AppConfig.load({ HOST: '127.0.0.1', MANAGEMENT_PORT: '0' });
      const server = await startManagement(new ServiceHealth(), config, pino({ level: 'silent' }));
      const origin = `http://127.0.0.1:${server.port}`;
      const request = 'GET /health/live HTTP/1.1';
      const responses = {
        good: await sendRaw(origin, rawHead(request, host, close, ...junk(MAX_FIELDS - 2))),
        many: await sendRaw(origin, rawHead(request, host, ...junk(MAX_FIELDS))),
        malformed: await sendRaw(origin, rawHead('no HTTP at all')),
        hostless: await sendRaw(origin, rawHead(request)),
        expecting: await sendRaw(origin, rawHead(request, host, 'Expect: x')),
      };
      await server.close();
      expect(responses.good.status).toBe(200);
      expectError(responses.many, 431, 'HeaderFieldsTooLarge');
      expectError(responses.malformed, 400, 'BadRequest');
      expectError(responses.hostless, 400, 'BadRequest');
      expectError(responses.expecting, 417, 'ExpectationFailed');
    });
  });

  it('never takes a trailer field for a header field', async () => {
    const chunked = [host, close, 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const body = (...trailers: string[]) => ['2', '{}', '0', ...trailers, '', ''].join('\r\n');
    const mint = `POST /api/v1/auth/token-auth/identities/${(await app.given.identity()).id}/tokens HTTP/1.1`;
    const sendTrailers = (lines: string[], ...trailers: string[]) =>
      sendRaw(app.origin, rawHead(mint, ...chunked, ...lines), body(...trailers));
    expect((await sendTrailers([], bearer())).status).toBe(401);
    const { token: root } = await app.given.root();
    const authorization = `Authorization: Bearer ${root}`;
    const tokenId = async (...trailers: string[]) => {
      const { status, text } = await sendTrailers([authorization], ...trailers);
      expect(status).toBe(200);
      return (JSON.parse(text) as { tokenData: { id: string } }).tokenData.id;
    };
    expect(await tokenId('Idempotency-Key: one')).not.toBe(await tokenId('Idempotency-Key: one'));
    const { status } = await sendTrailers([bearer(), `X-Forwarded-For: ${CLIENT}`], 'X-Forwarded-For: 10.1.1.1');
    expect(status).toBe(403);
  });

  describe('with a header field twice', () => {
    it.each([
      ['Authorization', () => [bearer(), 'Authorization: Bearer x']],
      ['Authorization', () => ['authorization: Bearer x', bearer()]],
      ['Authorization', () => ['AUTHORIZATION:', bearer()]],
      ['Authorization', () => [bearer(), bearer()]],
      ['Host', () => ['hOST: localhost']],
      ['Host', () => ['Host: other.example']],
      ['Content-Type', () => ['Content-Type: application/json', 'content-type: application/x-www-form-urlencoded']],
      ['Content-Length', () => ['Content-Length: 0', 'Content-Length: 0']],
      ['Transfer-Encoding', () => ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
      ['Idempotency-Key', () => ['Idempotency-Key: a', 'idempotency-key: a']],
      ['Last-Event-ID', () => ['Last-Event-ID: 1-1', 'Last-Event-ID: 1-2']],
      ['Expect', () => ['Expect: 100-continue', 'Expect: 100-continue']],
    ])('returns 400: %s', async (_name, lines) => {
      expectError(await send(`GET ${DETAILS} HTTP/1.1`, host, ...lines()), 400, 'BadRequest');
    });

    it('returns 400 in the error format of OAuth below /oauth2', async () => {
      const { status, text } = await send('POST /oauth2/introspect HTTP/1.1', host, bearer(), bearer());
      expect(status).toBe(400);
      expect(JSON.parse(text)).toEqual({
        error: 'invalid_request',
        error_description: 'The header field authorization must occur at most once',
      });
    });

    it('accepts it when several lines form one list', async () => {
      const lines = ['X-Forwarded-For: 10.1.1.1', 'X-Forwarded-For: 127.0.0.1', 'Accept: a/b', 'Accept: c/d'];
      expect((await send(`GET ${DETAILS} HTTP/1.1`, host, close, bearer(), ...lines)).status).toBe(200);
    });
  });
});
