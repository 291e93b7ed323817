import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SigningKeys } from '../../src/access-token/signing-key/signing-keys.service.js';
import { newId } from '../../src/common/random-id.js';
import { refusal, told } from '../support/answers.js';
import { decodeJwt, headerOf, signParts, withOtherS } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { GOOD, REFUSED, showEverywhere } from '../support/ways-in.js';

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const INVALID = refusal(401, 'UnauthorizedError', 'The access token is not valid');

describe('a bearer token', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start({ env: { ISSUER_ALIASES: 'https://former.example' } });
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const use = (token: string) => app.http.get('/api/v1/identities/details', { token });
  const show = async (text: string) => showEverywhere(app, text, (await app.given.root()).token);
  const expectInvalid = async (text: string) => {
    expect(told(await use(text))).toEqual(INVALID);
    expect(await show(text)).toEqual(REFUSED);
  };
  const ownKey = (): KeyObject => app.nest.get(SigningKeys).active().privateKey;

  /** A token of the app's own making, with other claims or another header. */
  const signed = (token: string, claims: object = {}, header: object = {}, key = ownKey()): string => {
    const content = `${encode({ ...headerOf(token), ...header })}.${encode({ ...decodeJwt(token), ...claims })}`;
    return signParts(content, key);
  };

  it('that was signed anew with the same claims is good: the forgeries below are nearly right', async () => {
    const { token } = await app.given.identity();
    expect(await show(signed(token))).toEqual(GOOD);
  });

  describe('whose text is not exactly what was signed (CVE-2026-27840)', () => {
    const forms: [name: string, change: (token: string) => string][] = [
      ['cut by one character', (token) => token.slice(0, -1)],
      ['without its signature', (token) => token.split('.').slice(0, 2).join('.')],
      ['with an empty signature', (token) => `${token.split('.').slice(0, 2).join('.')}.`],
      ['with padding', (token) => `${token}==`],
      ['with a fourth part', (token) => `${token}.e30`],
      ['with trailing bytes', (token) => `${token}AAAA`],
      ['with a word after it', (token) => `${token} x`],
      ['with another bearer after it', (token) => `${token} Bearer ${token}`],
      ['with another last character for the same bytes', (token) => withTwinEnding(token)],
      ['in the other alphabet of base64', (token) => token.replaceAll('-', '+').replaceAll('_', '/')],
      ['with a line break in it', (token) => `${token.slice(0, 40)}%0a${token.slice(40)}`],
      ['twice', (token) => `${token},${token}`],
      ['with an empty header', (token) => `.${token.split('.').slice(1).join('.')}`],
      ['with a header of no object', (token) => `${encode('x')}.${token.split('.').slice(1).join('.')}`],
      ['of 5 000 characters', (token) => token.padEnd(5000, 'A')],
    ];
    it.each(forms)('%s is refused', async (_name, change) => {
      let { token } = await app.given.identity();
      // Some signatures hold no character in which the alphabets of base64 differ.
      while (!/[-_]/.test(token)) token = signed(token);
      const changed = change(token);
      expect(changed).not.toBe(token);
      expect(await show(changed)).toEqual(REFUSED);
    });
  });

  describe('whose algorithm is not that of its key (CVE-2022-23540, CVE-2022-23541, CVE-2022-23539)', () => {
    it.each(['none', 'None', 'HS256', 'RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', '', null, undefined, ['ES256']])(
      'says %j and is refused',
      async (alg) => {
        const { token } = await app.given.identity();
        await expectInvalid(signed(token, {}, { alg }));
      },
    );

    it('says none and has no signature, and is refused', async () => {
      const { token } = await app.given.identity();
      const content = `${encode({ ...headerOf(token), alg: 'none' })}.${token.split('.')[1]}`;
      for (const text of [`${content}.`, content, `${content}.AA`]) expect(await show(text)).toEqual(REFUSED);
    });
  });

  it('is refused where our public key is its secret, in whatever form (CVE-2023-48223, CVE-2026-34950)', async () => {
    const { token } = await app.given.identity();
    const key = createPublicKey(ownKey());
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    const jwk = key.export({ format: 'jwk' });
    const secrets = [
      pem,
      pem.trim(),
      ` ${pem}`,
      `\n${pem}\n`,
      pem.replaceAll('\n', '\r\n'),
      pem.replaceAll(/-----.*-----|\n/g, ''),
      JSON.stringify(jwk),
      JSON.stringify({ keys: [jwk] }),
      key.export({ type: 'spki', format: 'der' }),
      '',
    ];
    for (const secret of secrets) {
      for (const alg of ['HS256', 'ES256']) {
        const content = `${encode({ ...headerOf(token), alg })}.${token.split('.')[1]}`;
        const forged = `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
        expect(await show(forged)).toEqual(REFUSED);
      }
    }
  });

  it.each(['', 'default', '0', '../../dev/null', newId(), null, undefined, 5])(
    'that names the key %j is refused: there is no default (GHSA-gmvf-9v4p-v8jc)',
    async (kid) => {
      const { token } = await app.given.identity();
      await expectInvalid(signed(token, {}, { kid }));
    },
  );

  it('that another key has signed under our name is refused', async () => {
    const { token } = await app.given.identity();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
    await expectInvalid(signed(token, {}, {}, privateKey));
    await expectInvalid(signed(token, {}, { jwk: { kty: 'EC', crv: 'P-256', x, y } }, privateKey));
  });

  it('with the signature of zeros is refused (CVE-2022-21449)', async () => {
    const { token } = await app.given.identity();
    const [header, payload] = token.split('.');
    const zeros = Buffer.alloc(64).toString('base64url');
    await expectInvalid(`${header}.${payload}.${zeros}`);
  });

  describe('with the other S that ECDSA accepts for the same signature', () => {
    it('is rejected: a token has one text', async () => {
      const { token } = await app.given.identity();
      const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      for (const text of [token, body.accessToken as string]) {
        await expectInvalid(withOtherS(text));
        expect(await show(text)).toEqual(GOOD);
        await expectInvalid(withOtherS(text));
      }
    });

    it('is accepted when an earlier version issued it, and revoked with the first text', async () => {
      const { token, tokenId } = await app.given.identity();
      const { kid } = headerOf(token);
      const earlier = signParts(`${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${token.split('.')[1]}`, ownKey());
      const texts = [earlier, withOtherS(earlier)];
      for (const text of texts) expect(await show(text)).toEqual(GOOD);
      await api.revoke(tokenId);
      for (const text of texts) expect(await show(text)).toEqual(REFUSED);
    });
  });

  it.each([{ crit: ['exp'] }, { b64: false }, { typ: 'JWT' }, { typ: undefined }])(
    'with the header %j is refused',
    async (header) => {
      const { token } = await app.given.identity();
      await expectInvalid(signed(token, {}, header));
    },
  );

  it.each([
    { iss: 'https://another.example' },
    { iss: undefined },
    { aud: 'another' },
    { aud: undefined },
    { sub: newId() },
    { jti: newId() },
    { identityId: newId() },
    { client_id: newId() },
    { authTokenType: 'serviceToken' },
    { exp: undefined },
    { exp: '9999999999' },
    { iat: undefined },
    { epoch: undefined },
    { orgId: 5 },
  ])('with the claims %j is refused', async (claims) => {
    const { token } = await app.given.identity();
    expect(await show(signed(token, claims))).toEqual(REFUSED);
  });

  it('whose copies agree with one another and not with the row is refused', async () => {
    const { token } = await app.given.identity();
    const other = await app.given.identity();
    const stranger = { sub: other.id, client_id: other.id, identityId: other.id };
    const unknown = newId();
    for (const claims of [stranger, { orgId: newId() }, { jti: unknown, identityAccessTokenId: unknown }]) {
      expect(await show(signed(token, claims))).toEqual(REFUSED);
    }
  });

  it('of a former issuer of ours is good, and of no other', async () => {
    const { token } = await app.given.identity();
    expect(await show(signed(token, { iss: 'https://former.example' }))).toEqual(GOOD);
    expect(await show(signed(token, { iss: 'https://former.example.evil' }))).toEqual(REFUSED);
  });

  it('is refused by every way in once it is revoked, on every replica (CVE-2023-0091)', async () => {
    const { token, tokenId } = await app.given.identity({ role: 'admin' });
    const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    await api.revoke(tokenId);
    const replica = await TestApp.start({ beside: app });
    const verifier = (await app.given.root()).token;
    for (const at of [app, replica]) {
      for (const text of [token, body.accessToken as string]) {
        expect(await showEverywhere(at, text, verifier)).toEqual(REFUSED);
        expect((await at.http.post('/api/v1/auth/token/revoke', { body: { accessToken: text } })).status).toBe(401);
      }
    }
    await replica.stop();
  });

  describe('in a header that is no fault of ours (GHSA-xmf8-cvqr-rfgj)', () => {
    const challenged = async (authorization: string) => {
      const answer = await app.http.get('/api/v1/identities/details', { headers: { authorization } });
      expect(told(answer)).toEqual(refusal(401, 'UnauthorizedError'));
      return answer.headers.get('www-authenticate');
    };

    it.each(['Bearer', 'Bearer ', 'bearer', 'Basic eA==', 'Bearer\ta.b.c', '=', 'Token x', '', 'a'.repeat(15_000)])(
      'is missing from %j',
      async (authorization) => {
        expect(await challenged(authorization)).toBe('Bearer');
      },
    );

    it.each(['Bearer a b', 'Bearer a.b.c', 'bearer =', `Bearer ${'a'.repeat(15_000)}`])(
      'is malformed in %j',
      async (authorization) => {
        expect(await challenged(authorization)).toMatch(/^Bearer error="invalid_token"/);
      },
    );
  });

  it('is named in the log by why it was refused, and by nothing of its text', async () => {
    const { token } = await app.given.identity();
    const forged = signed(token, {}, { kid: 'unknown' });
    const { body } = await use(forged);
    expect(app.log).toContainEqual(expect.objectContaining({ reqId: body.reqId, reason: 'unknown-key' }));
    expect(app.logLines.join('')).not.toContain(forged.split('.')[2]);
  });
});

/** The last character of a signature of 64 bytes holds four bits that say nothing; another one decodes alike. */
function withTwinEnding(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) ?? '');
  return `${token.slice(0, -1)}${alphabet[last ^ 1]}`;
}
