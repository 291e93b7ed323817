import { parseTrustedIp, type TrustedIp } from '../common/http/trusted-ip.js';
import { mayGetBetter, refusalByState, refusalOf } from './token-judgement.js';
import type { TokenState } from './compact-state.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const HERE = '192.0.2.1';
const CLAIMS = { sub: 'identity', orgId: 'organization', jti: 'token' } as Parameters<typeof refusalOf>[0];
const GOOD: TokenState = {
  tokenId: 'token',
  identityId: 'identity',
  organizationId: 'organization',
  rootOrganizationId: 'organization',
  numUses: 0,
  numUsesLimit: 0,
  expiresAt: new Date(NOW.getTime() + 1),
  isRevoked: false,
  isMember: true,
  role: 'member',
  permissions: null,
  trustedIps: [parseTrustedIp('192.0.2.0/24') as TrustedIp],
  timeline: '1',
};

/** All that can speak against a token, from what is found first to what is found last. */
const FAULTS: [reason: string, state: Partial<TokenState>][] = [
  ['bad-claims', { identityId: 'another' }],
  ['revoked', { isRevoked: true }],
  ['expired', { expiresAt: NOW }],
  ['not-a-member', { isMember: false }],
  ['address-not-allowed', { trustedIps: [] }],
  ['used-up', { numUses: 2, numUsesLimit: 2 }],
];
const request = { address: HERE, now: NOW };
const UNSPENT = { isSpent: false };
const SPENT = { isSpent: true };

describe('refusalOf', () => {
  it.each<[what: string, state: Partial<TokenState>]>([
    ['a token against which nothing speaks', {}],
    ['one with a use left', { numUses: 1, numUsesLimit: 2 }],
    ['one without a limit that was used', { numUses: 2 }],
  ])('accepts %s', (_what, state) => {
    expect(refusalOf(CLAIMS, { ...GOOD, ...state }, request, UNSPENT)).toBeNull();
  });

  it.each<[what: string, state: Partial<TokenState>]>([
    ['identity', { identityId: 'another' }],
    ['organization', { organizationId: 'another' }],
    ['token', { tokenId: 'another' }],
  ])('refuses claims of another %s than the row has', (_what, state) => {
    expect(refusalOf(CLAIMS, { ...GOOD, ...state }, request, UNSPENT)?.reason).toBe('bad-claims');
  });

  it.each(FAULTS)('refuses by %s, and whatever else speaks against it comes after', (reason, state) => {
    const later = FAULTS.slice(FAULTS.findIndex(([other]) => other === reason) + 1).map(([, fault]) => fault);
    expect(refusalOf(CLAIMS, { ...GOOD, ...state }, request, UNSPENT)?.reason).toBe(reason);
    expect(refusalOf(CLAIMS, Object.assign({}, GOOD, ...later, state), request, UNSPENT)?.reason).toBe(reason);
  });

  it.each(FAULTS.slice(0, -1))('refuses by %s also once the last use is spent', (reason, state) => {
    const spent = { ...GOOD, numUses: 2, numUsesLimit: 2 };
    expect(refusalOf(CLAIMS, { ...spent, ...state }, request, SPENT)?.reason).toBe(reason);
    expect(refusalOf(CLAIMS, spent, request, SPENT)).toBeNull();
  });

  it.each<[what: string, address: string | null, trustedIps: TrustedIp[] | null]>([
    ['an address outside of the allow-list', '198.51.100.1', GOOD.trustedIps],
    ['an address that is not known', null, GOOD.trustedIps],
    ['every address where the configuration is gone', HERE, null],
  ])('refuses %s, and says whose the token is', (_what, address, trustedIps) => {
    expect(refusalOf(CLAIMS, { ...GOOD, trustedIps }, { address, now: NOW }, UNSPENT)).toMatchObject({
      reason: 'address-not-allowed',
      bearer: { identityId: 'identity', tokenId: 'token', organizationId: 'organization' },
    });
  });
});

describe('refusalByState', () => {
  it.each(FAULTS.slice(1, -1))('refuses by %s', (reason, state) => {
    expect(refusalByState({ ...GOOD, ...state }, request)?.reason).toBe(reason);
  });

  it('asks for no use, which was spent when the caller was let in', () => {
    expect(refusalByState({ ...GOOD, numUses: 2, numUsesLimit: 2 }, request)).toBeNull();
  });
});

describe('mayGetBetter', () => {
  const USED_UP = { numUses: 2, numUsesLimit: 2 };
  it.each<[what: string, state: Partial<TokenState>, use: typeof SPENT, may: boolean]>([
    ['of one that is no member', { isMember: false }, UNSPENT, true],
    ['of one that is revoked', { isRevoked: true }, UNSPENT, false],
    ['of one that is used up', USED_UP, UNSPENT, false],
    ['of one that is used up by this very request', { ...USED_UP, isMember: false }, SPENT, true],
    ['of one that is revoked, whatever was spent', { ...USED_UP, isRevoked: true }, SPENT, false],
  ])('a state %s', (_what, state, use, may) => {
    expect(mayGetBetter({ ...GOOD, ...state }, use)).toBe(may);
  });
});
