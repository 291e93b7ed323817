import { told } from '../support/answers.js';
import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

const PATH = '/.well-known/oauth-authorization-server';

const metadataOf = (base: string) => ({
  jwks_uri: `${base}/.well-known/jwks.json`,
  introspection_endpoint: `${base}/oauth2/introspect`,
  introspection_endpoint_auth_methods_supported: ['Bearer'],
  revocation_endpoint: `${base}/oauth2/revoke`,
  revocation_endpoint_auth_methods_supported: ['none'],
  response_types_supported: [],
  grant_types_supported: [],
});

describe('GET /.well-known/oauth-authorization-server', () => {
  it.each([
    { issuer: 'https://tokens.example.com', base: 'https://tokens.example.com' },
    { issuer: 'https://example.com/tokens/', base: 'https://example.com/tokens' },
  ])('200 names the issuer $issuer exactly as tokens do, and addresses below it', async ({ issuer, base }) => {
    const app = await TestApp.start({ env: { ISSUER: issuer } });
    const answer = await app.http.get(PATH);
    expect(told(answer)).toEqual({ status: 200, body: { issuer, ...metadataOf(base) } });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    const { token } = await app.given.identity();
    expect(decodeJwt(token).iss).toBe(answer.body.issuer);
    await app.stop();
  });

  it('200 names a key set that is there', async () => {
    const app = await TestApp.start();
    const { body } = await app.http.get(PATH);
    const { pathname } = new URL(body.jwks_uri as string);
    expect((await app.http.get(pathname)).body).toEqual({ keys: [expect.objectContaining({ use: 'sig' })] });
    await app.stop();
  });
});
