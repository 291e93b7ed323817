import { InfisicalSDK } from '@infisical/sdk';
import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

describe('the Node.js SDK', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const sdk = (token: string) => new InfisicalSDK({ siteUrl: app.origin }).auth().accessToken(token);

  it('logs in with a raw token and renews it', async () => {
    const { token, id } = await app.given.identity({ config: { accessTokenTTL: 600, accessTokenMaxTTL: 3600 } });
    const client = sdk(token);
    expect(client.auth().getAccessToken()).toBe(token);
    app.clock.advance(60);
    const renewed = (await client.auth().universalAuth.renew()).auth().getAccessToken() ?? '';
    expect(renewed).not.toBe(token);
    expect(decodeJwt(renewed)).toMatchObject({ sub: id, jti: decodeJwt(token).jti });
    const answer = await app.http.get('/api/v1/identities/details', { token: renewed });
    expect(answer.status).toBe(200);
  });

  it('renews a token that it renewed', async () => {
    const { token } = await app.given.identity({ config: { accessTokenTTL: 600, accessTokenMaxTTL: 3600 } });
    const once = await sdk(token).auth().universalAuth.renew();
    app.clock.advance(300);
    const twice = (await once.auth().universalAuth.renew()).auth().getAccessToken() ?? '';
    expect(Number(decodeJwt(twice).exp) - Number(decodeJwt(token).exp)).toBe(300);
  });

  it('is told in a sentence why a renewal is refused', async () => {
    const { token, tokenId } = await app.given.identity();
    await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token: (await app.given.root()).token });
    await expect(sdk(token).auth().universalAuth.renew()).rejects.toThrow(
      /\[StatusCode=401\].*The access token has been revoked/,
    );
  });

  it('is told in a sentence that a route is not there', async () => {
    const { token } = await app.given.identity();
    await expect(
      sdk(token).secrets().listSecrets({ environment: 'dev', projectId: 'none', secretPath: '/' }),
    ).rejects.toThrow(/\[StatusCode=404\].*There is no such route/);
  });
});
