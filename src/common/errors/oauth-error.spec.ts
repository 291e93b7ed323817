import type { FastifyRequest } from 'fastify';
import { type ErrorName, STATUS_OF } from './app-error.js';
import { isOAuth, oauthError } from './oauth-error.js';

const request = (fields: object = {}): FastifyRequest => ({ url: '/', headers: {}, ...fields }) as FastifyRequest;

describe('oauthError', () => {
  const codes: Record<ErrorName, [status: number, code: string]> = {
    BadRequest: [400, 'invalid_request'],
    UnauthorizedError: [401, 'invalid_client'],
    PermissionDenied: [403, 'insufficient_scope'],
    PermissionBoundaryError: [403, 'access_denied'],
    ForbiddenError: [403, 'access_denied'],
    NotFound: [404, 'invalid_request'],
    RequestTimeout: [408, 'invalid_request'],
    PayloadTooLarge: [413, 'invalid_request'],
    UriTooLong: [414, 'invalid_request'],
    UnsupportedMediaType: [415, 'invalid_request'],
    ExpectationFailed: [417, 'invalid_request'],
    ValidationFailure: [400, 'invalid_request'],
    RateLimitExceeded: [429, 'temporarily_unavailable'],
    HeaderFieldsTooLarge: [431, 'invalid_request'],
    InternalServerError: [500, 'server_error'],
    ServiceUnavailable: [503, 'temporarily_unavailable'],
  };

  it.each(Object.keys(STATUS_OF) as ErrorName[])('has a code for %s', (name) => {
    const [status, error] = codes[name];
    expect(oauthError(request(), name, 'A sentence')).toEqual({
      status,
      body: { error, error_description: 'A sentence' },
    });
  });

  it('names the token where one was sent', () => {
    const { body } = oauthError(request({ headers: { authorization: 'Bearer x' } }), 'UnauthorizedError', 'No');
    expect(body.error).toBe('invalid_token');
  });

  it('describes failures by their fields, and no more than ten', () => {
    const issue = (path: (string | number)[], message: string) => ({ code: 'x', path, message });
    const described = (issues: object[]) =>
      oauthError(request(), 'ValidationFailure', issues).body.error_description.split('; ');
    expect(described([issue(['token'], 'token is required'), issue(['tokens', 3, 'token'], 'token is long')])).toEqual([
      'token is required',
      'tokens.3.token is long',
    ]);
    expect(described(Array.from({ length: 50 }, () => issue(['a'], 'a')))).toHaveLength(10);
  });

  it('keeps to the characters of RFC 6749', () => {
    const { body } = oauthError(request(), 'BadRequest', 'a "quoted" \\ line\r\nänd more');
    expect(body.error_description).toBe('a quoted  linend more');
  });
});

describe('isOAuth', () => {
  it.each([
    { url: '/oauth2', expected: true },
    { url: '/oauth2?a', expected: true },
    { url: '/oauth2/anything', expected: true },
    { url: '/oauth22', expected: false },
    { url: '/api/oauth2/x', expected: false },
    { url: '/%6fauth2/introspect', routeOptions: { url: '/oauth2/introspect' }, expected: true },
    { url: '/oauth2/../api', routeOptions: { url: '/api' }, expected: false },
  ])('takes $url for $expected', ({ expected, ...fields }) => {
    expect(isOAuth(request(fields))).toBe(expected);
  });
});
