import fc from 'fast-check';
import { SigningKeys } from '../../src/access-token/signing-key/signing-keys.service.js';
import { decodeJwt, signParts } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { GOOD, REFUSED, showEverywhere } from '../support/ways-in.js';

/**
 * Whatever is kept of a text that was found good or bad says nothing of any other text, however much they share.
 * CVE-2026-35039.
 */
describe('texts that share their claims, or parts of each other', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const show = async (text: string) => showEverywhere(app, text, (await app.given.root()).token);
  const introspect = async (token: string) =>
    (await app.http.post('/oauth2/introspect', { token: (await app.given.root()).token, body: { token } })).body;

  /** The same header and claims, signed once more: ECDSA never gives the same signature twice. */
  const signedAgain = (token: string): string => {
    const content = token.slice(0, token.lastIndexOf('.'));
    const key = app.nest.get(SigningKeys).active().privateKey;
    return signParts(content, key);
  };

  /** The same header and claims with a signature that is nearly right. */
  const nearly = (token: string): string => {
    const at = token.lastIndexOf('.') + 1;
    return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
  };

  it('are each judged by their own signature, in whatever order they come', async () => {
    const { token } = await app.given.identity();
    const twin = signedAgain(token);
    expect(twin).not.toBe(token);
    const order = [nearly(token), token, nearly(token), twin, nearly(twin), token];
    for (const text of order) expect(await show(text)).toEqual(text === token || text === twin ? GOOD : REFUSED);
  });

  it('end together, for they are one token', async () => {
    const { token } = await app.given.identity();
    const twin = signedAgain(token);
    for (const text of [token, twin]) expect(await show(text)).toEqual(GOOD);
    await app.http.post('/oauth2/revoke', { body: { token: twin } });
    for (const text of [token, twin]) expect(await show(text)).toEqual(REFUSED);
  });

  it('speak for whom they were signed for, wherever they are put together from', async () => {
    const [one, two] = [await app.given.identity(), await app.given.identity()];
    const own = new Map([one, two].map(({ token, tokenId }) => [token, tokenId]));
    const parts = [...own.keys()].map((text) => text.split('.'));
    const part = fc.integer({ min: 0, max: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(part, part, part), { minLength: 1, maxLength: 8 }), async (texts) => {
        for (const from of texts) {
          const text = from.map((index, position) => parts[index]?.[position]).join('.');
          const tokenId = own.get(text);
          const said = await introspect(text);
          expect(said).toEqual(tokenId ? expect.objectContaining({ active: true, jti: tokenId }) : { active: false });
          const { status } = await app.http.get('/api/v1/identities/details', { token: text });
          expect(status).toBe(tokenId ? 200 : 401);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('tell each its own claims where one claim differs', async () => {
    const { id } = await app.given.identity();
    const mint = async () => (await app.given.mint(id)).accessToken;
    const texts = [await mint(), await mint(), await mint()];
    for (const text of [...texts, ...texts.toReversed()]) {
      const { jti, exp } = decodeJwt(text);
      expect(await introspect(text)).toMatchObject({ active: true, jti, exp });
      const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: text } });
      expect(decodeJwt(body.accessToken as string).jti).toBe(jti);
    }
  });

  it.each([1, 32, 64, 128, 256, 512])('differ also where only character %i from the end does', async (fromEnd) => {
    const { token } = await app.given.identity();
    const at = token.length - fromEnd - 1;
    const changed = `${token.slice(0, at)}${token[at] === 'x' ? 'y' : 'x'}${token.slice(at + 1)}`;
    expect(await show(token)).toEqual(GOOD);
    expect(await show(changed)).toEqual(REFUSED);
    expect(await show(token)).toEqual(GOOD);
  });
});
