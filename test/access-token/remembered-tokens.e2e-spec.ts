import crypto, { randomBytes } from 'node:crypto';
import { TokenProof } from '../../src/access-token/token-proof.service.js';
import { decodeJwt } from '../support/jwt.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';

/** So many tokens are remembered here. */
const MOST = 10;

describe('what a replica remembers of tokens', () => {
  let app: TestApp;
  let oauth: OAuth2Api;
  beforeAll(async () => {
    app = await TestApp.start({ env: { VERDICT_CACHE_SIZE: String(MOST) } });
    oauth = new OAuth2Api(app);
  });
  afterAll(() => app.stop());

  const minted = async (count: number): Promise<string[]> => {
    const { id } = await app.given.identity();
    const mints = await Promise.all(Array.from({ length: count }, () => app.given.mint(id)));
    return mints.map(({ accessToken }) => accessToken);
  };
  /** A signature that has to be verified: one with a high S is rejected before that. */
  const forgeryOf = (token: string): string => {
    const signature = randomBytes(64).map((byte, index) => (index === 32 ? byte & 0x3f : byte));
    return `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.from(signature).toString('base64url')}`;
  };

  /** How many signatures are verified to say of these, one after the other, whether they are good. */
  const verifications = async (tokens: readonly string[], active = true): Promise<number> => {
    const verify = jest.spyOn(crypto, 'verify');
    try {
      for (const token of tokens) expect((await oauth.introspect({ token })).body.active).toBe(active);
      return verify.mock.calls.length;
    } finally {
      verify.mockRestore();
    }
  };

  it('is so many of them: one that nobody asks about again is proven anew in the end', async () => {
    const [first = '', ...others] = await minted(3 * MOST);
    expect(await verifications([first, first, ...others])).toBe(3 * MOST);
    expect(await verifications([first])).toBe(1);
  });

  it('is what somebody asks about all the time, however many are asked about once', async () => {
    const [wanted = '', ...others] = await minted(3 * MOST);
    expect(await verifications([wanted, ...others.flatMap((other) => [other, wanted])])).toBe(3 * MOST);
  });

  it('is one thing for all who have a text proven at the same time', async () => {
    const [text = ''] = await minted(1);
    const proof = app.nest.get(TokenProof);
    const { kid } = await proof.keyOf(text);
    const first = proof.remember(text, kid, decodeJwt(text));
    expect(proof.remember(text, kid, decodeJwt(text))).toBe(first);
  });

  it('is not driven out by forgeries, however many come at the same time', async () => {
    const [wanted = ''] = await minted(1);
    expect(await verifications([wanted, wanted])).toBe(1);
    const answers = await Promise.all(
      Array.from({ length: 3 * MOST }, () => oauth.introspect({ token: forgeryOf(wanted) })),
    );
    expect(answers.every(({ body }) => body.active === false)).toBe(true);
    expect(await verifications([wanted])).toBe(0);
    expect(await verifications([forgeryOf(wanted), forgeryOf(wanted)], false)).toBe(2);
  });
});
