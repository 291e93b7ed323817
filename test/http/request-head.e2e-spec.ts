import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expectError, rawHead, rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const RENEW = '/api/v1/auth/token/renew';
const STATUS = '/api/status';

describe('the head of a request', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const send = (...lines: string[]) => sendRaw(app.origin, rawHead(...lines));
  const close = 'Connection: close';
  const host = 'Host: localhost';

  describe('with a Host', () => {
    it.each([
      ['missing', []],
      ['empty', ['Host:']],
      ['of spaces', ['Host:   ']],
      ['with a comma', ['Host: a,b']],
      ['with a list', ['Host: a, b']],
      ['with a space', ['Host: a b']],
      ['with user information', ['Host: user@localhost']],
      ['with a path', ['Host: localhost/x']],
      ['with a query', ['Host: localhost?x']],
      ['with a scheme', ['Host: http://localhost']],
      ['with a fragment', ['Host: localhost#x']],
      ['with a backslash', ['Host: localhost\\x']],
      ['with angle brackets', ['Host: <localhost>']],
      ['with bad percent-encoding', ['Host: a%zz']],
      ['with a port of letters', ['Host: localhost:http']],
      ['with two ports', ['Host: localhost:1:2']],
      ['with a bare IPv6 address', ['Host: ::1']],
      ['with an open bracket', ['Host: [::1']],
      ['with brackets around a name', ['Host: [localhost]']],
      ['with a bad IPv6 address', ['Host: [1::2::3]']],
      ['with other letters', ['Host: h\u00f6st']],
    ])('returns 400 when it is %s', async (_name, lines) => {
      expectError(await send(`GET ${STATUS} HTTP/1.1`, ...lines), 400, 'BadRequest');
    });

    it.each([
      'localhost',
      'token_auth:8080',
      'a.example.',
      'a-b.example:',
      '127.0.0.1:1',
      '[::1]:80',
      '[::FFFF:1.2.3.4]',
      'a%20b',
    ])('accepts %s', async (value) => {
      expect((await send(`GET ${STATUS} HTTP/1.1`, `Host: ${value}`, close)).status).toBe(200);
    });

    it('needs none in HTTP/1.0, but rejects two and an invalid one', async () => {
      expect((await send(`GET ${STATUS} HTTP/1.0`)).status).toBe(200);
      expectError(await send(`GET ${STATUS} HTTP/1.0`, host, host), 400, 'BadRequest');
      expectError(await send(`GET ${STATUS} HTTP/1.0`, 'Host: a b'), 400, 'BadRequest');
    });

    it('accepts an absolute request target whatever the Host is, unless its own host is invalid', async () => {
      const status = async (target: string) => (await send(`GET ${target} HTTP/1.1`, host, close)).status;
      expect(await status(`http://localhost${STATUS}`)).toBe(200);
      expect(await status(`HTTP://other.example:80${STATUS}`)).toBe(200);
      for (const target of [`http://user@localhost${STATUS}`, `http://a,b${STATUS}`, `http://localhost:x${STATUS}`]) {
        expectError(await send(`GET ${target} HTTP/1.1`, host), 400, 'BadRequest');
      }
      expectError(await send(`GET http://localhost${STATUS} HTTP/1.1`), 400, 'BadRequest');
    });
  });

  describe('with a Transfer-Encoding', () => {
    const post = `POST ${RENEW} HTTP/1.1`;
    const json = 'Content-Type: application/json';
    const body = '2\r\n{}\r\n0\r\n\r\n';

    it.each([
      ['gzip, chunked', ['Transfer-Encoding: gzip, chunked']],
      ['gzip', ['Transfer-Encoding: gzip']],
      ['identity', ['Transfer-Encoding: identity']],
      ['identity, chunked', ['Transfer-Encoding: identity, chunked']],
      ['identity and then chunked', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked']],
      ['chunked and then identity', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
      ['chunked, chunked', ['Transfer-Encoding: chunked, chunked']],
      ['xchunked', ['Transfer-Encoding: xchunked']],
      ['chunked with a parameter', ['Transfer-Encoding: chunked;x=1']],
      ['an empty value', ['Transfer-Encoding:']],
      ['a comma before chunked', ['Transfer-Encoding: ,chunked']],
      ['chunked in quotes', ['Transfer-Encoding: "chunked"']],
      ['chunked after a vertical tab', ['Transfer-Encoding: \u000bchunked']],
      ['chunked on a folded line', ['Transfer-Encoding:', ' chunked']],
      ['chunked with a space before the colon', ['Transfer-Encoding : chunked']],
      ['chunked, with a Content-Length after it', ['Transfer-Encoding: chunked', 'Content-Length: 2']],
      ['chunked, with a Content-Length before it', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ])('returns 400 and closes the connection: %s', async (_name, lines) => {
      const smuggled = rawRequest(`GET ${STATUS}`);
      const response = await sendRaw(app.origin, rawHead(post, host, json, ...lines), body, smuggled);
      expectError(response, 400, 'BadRequest');
      expect(response.text).not.toContain('HTTP/1.1');
    });

    it('returns 400 in HTTP/1.0, which does not have it', async () => {
      const lines = [host, json, 'Transfer-Encoding: chunked'];
      expectError(await sendRaw(app.origin, rawHead(`POST ${RENEW} HTTP/1.0`, ...lines), body), 400, 'BadRequest');
    });

    it.each(['chunked', 'Chunked', '\tchunked '])('accepts %j', async (value) => {
      const lines = [host, close, json, `Transfer-Encoding: ${value}`];
      expect((await sendRaw(app.origin, rawHead(post, ...lines), body)).status).toBe(422);
    });
  });

  describe('with an Expect', () => {
    it.each(['x', '200-ok', '100-continue, x', '100-continue;x', ''])('returns 417 for %j', async (value) => {
      expectError(await send(`GET ${STATUS} HTTP/1.1`, host, `Expect: ${value}`), 417, 'ExpectationFailed');
    });

    it('sends 100 for 100-continue, then the response', async () => {
      const { status, text } = await send(`GET ${STATUS} HTTP/1.1`, host, close, 'Expect: 100-Continue');
      expect({ status, text }).toEqual({ status: 100, text: expect.stringMatching(/^HTTP\/1\.1 200 OK/) });
    });

    it('returns an error of the header without 100 before it', async () => {
      expectError(await send(`GET ${STATUS} HTTP/1.1`, 'Expect: 100-continue'), 400, 'BadRequest');
    });

    it('ignores it in HTTP/1.0, which does not have it', async () => {
      expect((await send(`GET ${STATUS} HTTP/1.0`, host, 'Expect: x')).status).toBe(200);
    });
  });

  it.each([
    ['a folded line', ['X-Forwarded-For: 10.1.1.1', ' 10.1.1.2']],
    ['a space before the colon', ['X-Forwarded-For : 10.1.1.1']],
    ['a line that begins with a space', [' X-Forwarded-For: 10.1.1.1']],
    ['no name', [': x']],
    ['a NUL', ['X-Forwarded-For: 10.1.1.1\0']],
    ['a bare line feed', ['A: b\nX-Forwarded-For: 10.1.1.1']],
    ['a bare carriage return', ['A: b\rX-Forwarded-For: 10.1.1.1']],
  ])('returns 400 for a malformed header field: %s', async (_name, lines) => {
    expectError(await send(`GET ${STATUS} HTTP/1.1`, host, ...lines), 400, 'BadRequest');
  });

  it.each(['GET /api/status HTTP/2.0', 'GET /api/status HTTP/0.9', 'GET /api/status'])(
    'returns 400 for another version than HTTP/1.0 and 1.1: %s',
    async (line) => {
      expectError(await send(line, host), 400, 'BadRequest');
    },
  );

  describe('with the method CONNECT', () => {
    const request = rawHead('CONNECT other.example:443 HTTP/1.1', 'Host: other.example:443');

    it('returns 400, because the service is no proxy', async () => {
      expectError(await sendRaw(app.origin, request), 400, 'BadRequest');
    });

    it('closes the connection, whatever the client does with it', async () => {
      const server: Server = app.nest.getHttpServer();
      const { hostname, port } = new URL(app.origin);
      for (const leave of [(socket: Socket) => socket.pause(), (socket: Socket) => socket.resetAndDestroy()]) {
        const accepted = once(server, 'connection') as Promise<[Socket]>;
        const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () =>
          client.write(request),
        );
        client.on('error', () => undefined);
        const [socket] = await accepted;
        const closed = new Promise((resolve) => socket.once('close', resolve));
        await once(server, 'connect');
        leave(client);
        await closed;
        client.destroy();
      }
      expect((await send(`GET ${STATUS} HTTP/1.1`, host, close)).status).toBe(200);
    });
  });

  it('keeps the order of pipelined responses when one of them is an error of the head', async () => {
    const good = rawHead(`GET ${STATUS} HTTP/1.1`, host);
    const { text, status } = await sendRaw(app.origin, good + good + rawHead(`GET ${STATUS} HTTP/1.1`) + good);
    const statuses = [status, ...[...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code))];
    expect(statuses).toEqual([200, 200, 400]);
  });

  it('logs and counts a request with an invalid head once', async () => {
    const { headers } = await send(`GET ${STATUS} HTTP/1.1`);
    const lines = app.log.filter((line) => (line as { reqId?: string }).reqId === headers['x-request-id']);
    expect(lines).toEqual([expect.objectContaining({ msg: 'request', statusCode: 400, error: 'BadRequest' })]);
  });
});
