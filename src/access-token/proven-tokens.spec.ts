import type { AccessTokenClaims } from './access-token-claims.js';
import { ProvenToken } from './proven-token.js';
import { ProvenTokens } from './proven-tokens.js';

describe('what texts were proven to be', () => {
  const claims = {
    iss: 'us',
    aud: 'us',
    sub: 'an identity',
    orgId: 'an organization',
    rootOrgId: 'its root',
    iat: 0,
    exp: 1,
  };
  const tokenOf = (jti: string) => new ProvenToken('a key', { ...claims, jti } as AccessTokenClaims);
  const filled = (most: number, digests: string) => {
    const proven = new ProvenTokens(most);
    for (const digest of digests) proven.keep(digest, tokenOf(digest));
    return proven;
  };
  const kept = (proven: ProvenTokens, digests: string) => [...digests].filter((digest) => proven.find(digest)).join('');
  const want = (proven: ProvenTokens, digests: string) => {
    for (const digest of digests) proven.find(digest)?.want();
  };

  it('is found by the digest of the text', () => {
    const proven = filled(3, 'ab');
    expect(proven.find('b')?.claims.jti).toBe('b');
    expect(proven.find('c')).toBeNull();
  });

  it.each([
    { first: 'abc', wanted: '', later: 'de', left: 'cde', what: 'the oldest leave where nobody wants any' },
    { first: 'abc', wanted: 'ab', later: 'd', left: 'abd', what: 'who is wanted stays for another round' },
    { first: 'abc', wanted: 'b', later: 'de', left: 'bde', what: 'who is not wanted leaves first' },
    { first: 'abc', wanted: 'abc', later: 'd', left: 'bcd', what: 'the oldest leaves where all are wanted' },
  ])('is kept of so many: $what', ({ first, wanted, later, left }) => {
    const proven = filled(3, first);
    want(proven, wanted);
    for (const digest of later) proven.keep(digest, tokenOf(digest));
    expect(kept(proven, 'abcde')).toBe(left);
  });

  it('is kept of what is wanted all the time, however many come once', () => {
    const proven = filled(3, 'abc');
    for (const digest of 'defghijklm') {
      want(proven, 'b');
      proven.keep(digest, tokenOf(digest));
    }
    expect(kept(proven, 'abcdefghijklm')).toBe('blm');
  });

  it('costs nobody a look at all the others', () => {
    const wanted = Array.from({ length: 1000 }, (_, index) => `token ${index}`);
    const proven = new ProvenTokens(wanted.length);
    for (const digest of wanted) proven.keep(digest, tokenOf(digest)).want();
    proven.keep('another', tokenOf('another'));
    const marked = wanted.filter((digest) => proven.find(digest)?.isWantedStill());
    expect(marked.length).toBeGreaterThan(900);
    expect(wanted.filter((digest) => proven.find(digest))).toHaveLength(999);
  });

  it('is kept of a text once, however often that is proven', () => {
    const proven = filled(2, 'abb');
    expect(kept(proven, 'ab')).toBe('ab');
  });
});
