import type { LogEntry } from '../revocation/log-read.js';
import { type Audience, concerns } from './feed-audience.js';

const entry = (
  organization: 'root' | 'sub' | 'neighbour' | 'other' | null,
  said: Partial<LogEntry> = {},
): LogEntry => ({
  sequence: 1,
  effect: 'revoked',
  scope: 'token',
  key: 'a',
  organizationId: organization,
  rootOrganizationId: organization === null ? null : organization === 'other' ? 'other' : 'root',
  tokenOrganizationIds: null,
  ...said,
});
const identityWithTokens = (scope: 'identity' | 'identity-method', ...tokenOrganizationIds: string[]): LogEntry =>
  entry('root', { scope, tokenOrganizationIds });
const ofRoot: Audience = { organizationId: 'root', rootOrganizationId: 'root' };
const ofSub: Audience = { organizationId: 'sub', rootOrganizationId: 'root' };

describe('concerns', () => {
  it.each<[what: string, entry: LogEntry, root: boolean, sub: boolean]>([
    ['a token of the root', entry('root'), true, false],
    ['the root itself', entry('root', { scope: 'organization', key: 'root' }), true, true],
    ['the sub-organization, as of the root', entry('root', { scope: 'organization', key: 'sub' }), true, true],
    ['its neighbour, as of the root', entry('root', { scope: 'organization', key: 'neighbour' }), true, false],
    ['an identity with unknown tokens', entry('root', { scope: 'identity' }), true, true],
    ['an identity with tokens there', identityWithTokens('identity', 'root', 'sub'), true, true],
    ['an identity with tokens elsewhere', identityWithTokens('identity', 'root', 'neighbour'), true, false],
    ['an identity without tokens', identityWithTokens('identity'), true, false],
    ['a method of an identity with tokens there', identityWithTokens('identity-method', 'sub'), true, true],
    ['a method of an identity with tokens elsewhere', identityWithTokens('identity-method', 'root'), true, false],
    ['a membership in the root', entry('root', { scope: 'identity-organization', key: 'a:root' }), true, false],
    ['a membership there', entry('sub', { scope: 'identity-organization', key: 'a:sub' }), true, true],
    ['a membership there, as of the root', entry('root', { scope: 'identity-organization', key: 'a:sub' }), true, true],
    ['a token of the sub-organization', entry('sub'), true, true],
    ['an identity of the sub-organization', entry('sub', { scope: 'identity' }), true, true],
    ['a token of its neighbour', entry('neighbour'), true, false],
    ['an identity of its neighbour', entry('neighbour', { scope: 'identity' }), true, false],
    ['a token of another root', entry('other'), false, false],
    ['an identity of another root', entry('other', { scope: 'identity' }), false, false],
    ['a token of an organization that is gone', entry('sub', { rootOrganizationId: null }), false, true],
    ['the whole instance', entry(null, { scope: 'instance' }), true, true],
    ['a key that ends', entry(null, { scope: 'key' }), true, true],
    ['a key that begins to sign', entry(null, { scope: 'key', effect: 'changed' }), false, false],
    ['a token that was changed', entry('sub', { effect: 'changed' }), true, true],
  ])('%s', (_what, said, root, sub) => {
    expect([concerns(ofRoot, said), concerns(ofSub, said)]).toEqual([root, sub]);
  });
});
