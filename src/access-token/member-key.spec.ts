import { memberKey } from './member-key.js';

const inRoot = { identityId: 'identity', organizationId: 'root', rootOrganizationId: 'root' };

describe('memberKey', () => {
  it.each([
    { name: 'is the id of the identity in its root organization', member: inRoot, key: 'identity' },
    {
      name: 'names the organization elsewhere',
      member: { ...inRoot, organizationId: 'sub' },
      key: 'identity:sub',
    },
  ])('$name', ({ member, key }) => {
    expect(memberKey(member)).toBe(key);
  });
});
