import { ACTIONS, BUILT_IN_ROLES } from './catalog.js';
import { PermissionSet } from './permission-set.js';

const set = (role: string) => PermissionSet.of({ role, permissions: null });

describe('PermissionSet', () => {
  it('gives an admin every action on every subject', () => {
    const rules = Object.entries(ACTIONS).map(([subject, action]) => ({ subject, action: [...action] }));
    expect(set('admin').missingFrom(new PermissionSet(rules))).toEqual([]);
  });

  it.each([
    { stronger: 'admin', weaker: 'member' },
    { stronger: 'admin', weaker: 'verifier' },
    { stronger: 'verifier', weaker: 'no-access' },
    { stronger: 'member', weaker: 'no-access' },
  ])('$stronger covers $weaker and not the other way round', ({ stronger, weaker }) => {
    expect(set(stronger).missingFrom(set(weaker))).toEqual([]);
    expect(set(weaker).missingFrom(set(stronger))).not.toEqual([]);
  });

  it('names what is missing by subject', () => {
    expect(set('member').missingFrom(set('verifier'))).toEqual([
      { subject: 'access-token', action: ['follow-revocations', 'introspect'] },
    ]);
  });

  it.each(['unknown', 'constructor', 'toString', 'custom'])('gives nothing for the role %s without rules', (role) => {
    expect(set('no-access').missingFrom(set(role))).toEqual([]);
  });

  it('takes the rules of a custom role', () => {
    const custom = PermissionSet.of({
      role: 'custom',
      permissions: [{ subject: 'identity', action: ['create-token'] }],
    });
    expect(custom.has('identity', 'create-token')).toBe(true);
    expect(custom.has('identity', 'delete-token')).toBe(false);
    expect(custom.rulesOn('role')).toEqual([]);
  });

  it('knows four built-in roles', () => {
    expect(Object.keys(BUILT_IN_ROLES)).toEqual(['admin', 'member', 'verifier', 'no-access']);
  });
});
