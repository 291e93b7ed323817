import { createHash, createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { refusal, told } from '../support/answers.js';
import { headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const INVALID = refusal(401, 'UnauthorizedError', 'The access token is not valid');

describe('signing keys: RS256', () => {
  let app: TestApp;
  let keys: KeysOf;
  let kid: string;
  let jwk: JsonWebKey;
  beforeAll(async () => {
    app = await TestApp.start({ env: { SIGNING_KEY_MAX_AGE: '1000' } });
    keys = new KeysOf(app);
    await app.given.root();
    kid = await keys.rotate('RS256');
    const { body } = await app.http.get('/.well-known/jwks.json');
    jwk = (body.keys as JsonWebKey[]).find((key) => key.kid === kid) ?? {};
  });
  afterAll(() => app.stop());

  const use = (token: string) => app.http.get('/api/v1/identities/details', { token });

  it('signs tokens that every replica and every verifier with the key set verifies', async () => {
    const { token } = await app.given.identity();
    expect(headerOf(token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid });
    const replica = await TestApp.start({ beside: app });
    expect(await new TokenAuthApi(replica).use(token)).toBe(200);
    await replica.stop();
    const [header, payload, signature = ''] = token.split('.');
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(3072);
    const content = Buffer.from(`${header}.${payload}`);
    expect(verify('sha256', content, key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('renews tokens that the former key signed', async () => {
    const { token } = await app.given.root();
    const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    expect(headerOf(token).alg).toBe('ES256');
    expect(headerOf(body.accessToken as string)).toMatchObject({ alg: 'RS256', kid });
    expect((await use(body.accessToken as string)).status).toBe(200);
  });

  it('is published with its public members alone, under the thumbprint of RFC 7638', () => {
    const { n, e } = jwk;
    expect(jwk).toEqual({ kid, use: 'sig', alg: 'RS256', kty: 'RSA', n, e });
    const canonical = `{"e":"${e}","kty":"RSA","n":"${n}"}`;
    expect(createHash('sha256').update(canonical).digest('base64url')).toBe(kid);
  });

  it('whose public key signs as a shared secret is refused, in each of its forms (CVE-2023-48223)', async () => {
    const { token } = await app.given.identity();
    const content = `${encode({ ...headerOf(token), alg: 'HS256' })}.${token.split('.')[1]}`;
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    const secrets = [pem, pem.trim(), ` ${pem}`, key.export({ type: 'pkcs1', format: 'pem' }), JSON.stringify(jwk)];
    for (const secret of secrets) {
      const signature = createHmac('sha256', secret).update(content).digest('base64url');
      expect(told(await use(`${content}.${signature}`))).toEqual(INVALID);
    }
  });

  it.each(['ES256', 'PS256', 'RS384', 'RS512', 'none'])('named with the algorithm %s is refused', async (alg) => {
    const { token } = await app.given.identity();
    const [, payload, signature] = token.split('.');
    expect(told(await use(`${encode({ ...headerOf(token), alg })}.${payload}.${signature}`))).toEqual(INVALID);
  });

  it('with a signature of another size is refused, and is no fault of ours', async () => {
    const { token } = await app.given.identity();
    const [header, payload] = token.split('.');
    for (const bytes of [0, 64, 383, 385, 512]) {
      const signature = Buffer.alloc(bytes, 1).toString('base64url');
      expect((await use(`${header}.${payload}.${signature}`)).status).toBe(401);
    }
  });

  it('is what rotation by age goes on with', async () => {
    app.clock.advance(1000);
    await keys.upkeep();
    expect(await keys.in('next')).toMatchObject([{ algorithm: 'RS256' }]);
  });
});
