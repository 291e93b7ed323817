import type { AccessToken } from '../../database/entities/access-token.entity.js';
import type { AuditEvent } from '../../database/entities/audit-event.entity.js';
import { mintValues } from './mint-values.js';
import type { JudgedRole, MintJudgement, ProposedMint } from './proposed-mint.js';

describe('the values of the statement of mints', () => {
  const ANYWHERE: MintJudgement['trustedIps'] = [{ type: 'ipv4', prefix: 0, ipAddress: '0.0.0.0' }];
  const ROLE: JudgedRole = { role: 'admin', roleId: null, permissions: null };

  interface Changes {
    token?: Partial<AccessToken>;
    audit?: Partial<AuditEvent>;
    judgement?: Partial<MintJudgement>;
    rootOrganizationId?: string;
  }

  let count = 0;
  const mint = ({ token, audit, judgement, rootOrganizationId = 'root' }: Changes = {}): ProposedMint => ({
    token: {
      id: `token ${(count += 1)}`,
      identityId: 'identity',
      organizationId: 'organization',
      kid: 'key',
      authMethod: 'token-auth',
      name: null,
      ttl: 3600,
      maxTtl: 0,
      numUsesLimit: 0,
      numUses: 0,
      epoch: 7,
      lastUsedAt: null,
      lastRenewedAt: null,
      expiresAt: new Date('2026-01-01T01:00:00Z'),
      revokedAt: null,
      revokedReason: null,
      mintedBy: 'caller',
      createdAt: new Date('2026-01-01T00:00:00Z'),
      updatedAt: new Date('2026-01-01T00:00:00Z'),
      ...token,
    },
    audit: { id: `audit row ${count}`, event: 'minted', details: {}, reqId: 'request', ...audit } as AuditEvent,
    kept: null,
    judgement: {
      callerTokenId: 'caller token',
      callerKid: 'key',
      callerRole: ROLE,
      identityRole: ROLE,
      configId: 'config',
      trustedIps: ANYWHERE,
      organizationSlug: null,
      ...judgement,
    },
    rootOrganizationId,
  });

  const valuesOf = (mints: ProposedMint[]) => {
    const [terms, grounds, own] = mintValues(mints).map((json) => JSON.parse(json) as Record<string, unknown>[]);
    return { terms: terms ?? [], grounds: grounds ?? [], own: own ?? [] };
  };

  it('have what mints by one caller for one identity rest on once, and each with what is its own', () => {
    const mints = [mint(), mint({ token: { name: 'other' } }), mint()];
    const { terms, grounds, own } = valuesOf(mints);
    expect(terms).toMatchObject([{ terms: 0, organization_id: 'organization', kid: 'key', epoch: 7 }]);
    expect(grounds).toEqual([
      { ground: 0, terms: 0, caller_token_id: 'caller token', identity_id: 'identity', config_id: 'config' },
    ]);
    expect(own.map(({ id, ground }) => [id, ground])).toEqual(mints.map(({ token }) => [token.id, 0]));
    expect(own.map(({ name }) => name)).toEqual([undefined, 'other', undefined]);
  });

  it.each<[string, Changes]>([
    ['the identity', { token: { identityId: 'other' } }],
    ["the caller's token", { judgement: { callerTokenId: 'other' } }],
    ['the configuration', { judgement: { configId: 'other' } }],
  ])('have %s each by itself, and the terms once', (_what, changes) => {
    const { terms, grounds, own } = valuesOf([mint(), mint(changes), mint()]);
    expect(terms).toHaveLength(1);
    expect(grounds.map(({ ground, terms: of }) => [ground, of])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(own.map(({ ground }) => ground)).toEqual([0, 1, 0]);
  });

  it.each<[string, Changes]>([
    ['organization', { token: { organizationId: 'other' } }],
    ['root organization', { rootOrganizationId: 'other' }],
    ['name for the organization', { judgement: { organizationSlug: 'other' } }],
    ['key', { token: { kid: 'other' } }],
    ["key of the caller's text", { judgement: { callerKid: 'other' } }],
    ['role of the caller', { judgement: { callerRole: { ...ROLE, role: 'member' } } }],
    ['own role of the caller', { judgement: { callerRole: { ...ROLE, roleId: 'other' } } }],
    ['permissions of the caller', { judgement: { callerRole: { ...ROLE, permissions: [] } } }],
    ['role', { judgement: { identityRole: { ...ROLE, role: 'member' } } }],
    ['own role', { judgement: { identityRole: { ...ROLE, roleId: 'other' } } }],
    ['permissions', { judgement: { identityRole: { ...ROLE, permissions: [] } } }],
    ['list of addresses', { judgement: { trustedIps: [{ type: 'ipv4', prefix: 8, ipAddress: '10.0.0.0' }] } }],
    ['method', { token: { authMethod: 'other' } }],
    ['lifetime', { token: { ttl: 60 } }],
    ['longest lifetime', { token: { maxTtl: 60 } }],
    ['limit of uses', { token: { numUsesLimit: 1 } }],
    ['epoch', { token: { epoch: 8 } }],
    ['event', { audit: { event: 'other' } }],
  ])('have terms of their own for another %s', (_what, changes) => {
    const { terms, grounds } = valuesOf([mint(), mint(changes)]);
    expect(terms.map(({ terms: place }) => place)).toEqual([0, 1]);
    expect(grounds.map(({ terms: of }) => of)).toEqual([0, 1]);
  });

  it('ask whether the callers are good at the latest time of all', () => {
    const { terms } = valuesOf([
      mint({ token: { createdAt: new Date('2026-01-01T00:00:01Z') } }),
      mint({ token: { createdAt: new Date('2026-01-01T00:00:03Z') } }),
      mint({ token: { createdAt: new Date('2026-01-01T00:00:02Z'), kid: 'other' } }),
    ]);
    expect(terms.map(({ latest }) => latest)).toEqual(['2026-01-01T00:00:03.000Z', '2026-01-01T00:00:03.000Z']);
  });
});
