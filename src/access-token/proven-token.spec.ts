import type { AccessTokenClaims } from './access-token-claims.js';
import { ProvenToken } from './proven-token.js';

describe('a proven token', () => {
  const claims = {
    iss: 'us',
    aud: 'all',
    sub: 'an identity',
    orgId: 'an organization',
    rootOrgId: 'its root',
    jti: 'a token',
    iat: 1,
    exp: 2,
  };
  const kept = (text: typeof claims) => {
    const { iss, aud, sub, client_id, orgId, rootOrgId, jti, iat, exp } = new ProvenToken(
      'a key',
      text as unknown as AccessTokenClaims,
    ).claims;
    return { iss, aud, sub, client_id, orgId, rootOrgId, jti, iat, exp };
  };

  it.each([
    { jti: 'another token', iat: 3, exp: 4 },
    { iss: 'us, as we were called before' },
    { aud: 'others' },
    { sub: 'another identity' },
    { orgId: 'another organization' },
    { rootOrgId: 'another root' },
    { orgId: 'an organizationan', sub: ' identity' },
  ])('says what its own text says, whatever one before it said: %o', (other) => {
    kept(claims);
    const text = { ...claims, ...other };
    expect(kept(text)).toEqual({ ...text, client_id: text.sub });
    expect(kept(claims)).toEqual({ ...claims, client_id: claims.sub });
  });

  it('takes one object for what it has in common with others', () => {
    const [one, other] = ['one', 'other'].map(
      (jti) => new ProvenToken('a key', { ...claims, jti } as unknown as AccessTokenClaims),
    );
    expect(Reflect.get(one?.claims ?? {}, 'common')).toBe(Reflect.get(other?.claims ?? {}, 'common'));
  });
});
