import { auditedDetails, countLogRows, isChain } from '../support/audited-changes.js';
import { SubOrganizationMembers } from '../support/sub-organization-members.js';
import { TestApp } from '../support/test-app.js';

const UPDATED = 'update-sub-organization-membership';

interface Transition {
  from: unknown;
  to: unknown;
}

describe('PATCH /api/v1/sub-organizations/{subOrgId}/memberships/{identityId}', () => {
  let app: TestApp;
  let members: SubOrganizationMembers;
  beforeAll(async () => {
    app = await TestApp.start();
    members = new SubOrganizationMembers(app);
  });
  afterAll(() => app.stop());

  /** A member without access, with its audit rows and its entries in the revocation log. */
  const given = async () => {
    const { token } = await app.given.root();
    const id = await app.given.bareIdentity();
    const sub = await app.given.subOrganization({ [id]: 'no-access' });
    return {
      sub,
      update: (body: object) => members.update(sub.id, id, token, body),
      details: () =>
        auditedDetails(app, UPDATED, `identity=${id}`) as Promise<{ changes: Record<string, Transition> }[]>,
      entries: (): Promise<object[]> => app.db.query('SELECT FROM revocation WHERE key = $1', [`${id}:${sub.id}`]),
    };
  };

  it('records the old and the new role, a custom one by slug and id, and the switch', async () => {
    const { sub, update, details } = await given();
    const role = await members.role(sub.id, []);
    await update({ role: role.slug });
    await update({ role: 'member', isActive: false });
    const subOrgId = sub.id;
    expect(await details()).toEqual([
      {
        subOrgId,
        role: 'member',
        isActive: false,
        changes: {
          role: { from: role.slug, to: 'member' },
          roleId: { from: role.id, to: null },
          isActive: { from: true, to: false },
        },
      },
      {
        subOrgId,
        role: 'custom',
        isActive: true,
        changes: { role: { from: 'no-access', to: role.slug }, roleId: { from: null, to: role.id } },
      },
    ]);
  });

  it('returns the membership as it is when every value is the stored one, and writes no log row', async () => {
    const { sub, update } = await given();
    const role = await members.role(sub.id, []);
    const { body: changed } = await update({ role: role.slug });
    app.clock.advance(5);
    const before = await countLogRows(app);
    for (const body of [{}, { role: role.slug }, { isActive: true }, { role: role.slug, isActive: true }])
      expect(await update(body)).toMatchObject({ status: 200, body: changed });
    expect(await countLogRows(app)).toEqual(before);
  });

  it('records what each of many concurrent requests replaced, with one revocation entry each', async () => {
    const { update, details, entries } = await given();
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        update({ isActive: index % 2 === 0, role: index % 3 ? 'member' : 'verifier' }),
      ),
    );
    expect(responses.filter(({ status }) => status !== 200)).toEqual([]);
    const rows = await details();
    const transitionsOf = (field: string) => rows.flatMap(({ changes }) => changes[field] ?? []);
    const { role, isActive } = (await update({})).body.membership;
    expect(isChain(transitionsOf('role'), 'no-access', role)).toBe(true);
    expect(isChain(transitionsOf('isActive'), true, isActive)).toBe(true);
    expect(await entries()).toHaveLength(rows.length);
  });

  it('writes one audit row and one revocation entry when many requests send the same change at once', async () => {
    const { update, details, entries } = await given();
    await Promise.all(Array.from({ length: 20 }, () => update({ isActive: false })));
    expect(await details()).toMatchObject([{ changes: { isActive: { from: true, to: false } } }]);
    expect(await entries()).toHaveLength(1);
  });
});
