import { told } from '../support/answers.js';
import { auditedDetails, countLogRows, isChain } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';

const TEAM = { key: 'team', value: 'payments' };
const STAGE = { key: 'stage', value: 'test' };

describe('audit rows about a machine identity', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const path = (id: string) => `/api/v1/identities/${id}`;
  const update = async (id: string, body: object) =>
    app.http.patch(path(id), { token: (await app.given.root()).token, body });
  const read = async (id: string) =>
    (await app.http.get(path(id), { token: (await app.given.root()).token })).body.identity;
  const details = (event: string, id: string) => auditedDetails(app, event, `identity=${id}`);

  const create = async (body: object = {}): Promise<string> => {
    const { organizationId, token } = await app.given.root();
    const answer = await app.http.post('/api/v1/identities', { token, body: { name: 'old', organizationId, ...body } });
    return answer.body.identity.id;
  };

  /** The transitions of one field in the audit log, and the number of entries that they left in the revocation log. */
  const transitions = async (id: string, field: string) => {
    const rows = (await details('update-identity', id)) as {
      changes: Record<string, { from: unknown; to: unknown }>;
    }[];
    const entries: object[] = await app.db.query('SELECT FROM revocation WHERE key LIKE $1', [`${id}:%`]);
    return { of: rows.map(({ changes }) => changes[field] ?? { from: null, to: null }), entries: entries.length };
  };

  describe('POST /api/v1/identities', () => {
    it('records the name, role, delete protection and metadata', async () => {
      const id = await create({ role: 'member', hasDeleteProtection: true, metadata: [TEAM] });
      expect(await details('create-identity', id)).toEqual([
        {
          role: 'member',
          changes: {
            name: { to: 'old' },
            role: { to: 'member' },
            hasDeleteProtection: { to: true },
            'metadata.team': { to: 'payments' },
          },
        },
      ]);
    });
  });

  describe('PATCH /api/v1/identities/{identityId}', () => {
    it('records old and new values of every changed field', async () => {
      const id = await create({ metadata: [TEAM] });
      const body = { name: 'new', role: 'verifier', hasDeleteProtection: true, metadata: [STAGE] };
      expect((await update(id, body)).status).toBe(200);
      expect(await details('update-identity', id)).toEqual([
        {
          role: 'verifier',
          changes: {
            name: { from: 'old', to: 'new' },
            role: { from: 'no-access', to: 'verifier' },
            hasDeleteProtection: { from: false, to: true },
            'metadata.team': { from: 'payments' },
            'metadata.stage': { to: 'test' },
          },
        },
      ]);
    });

    it('records a custom role by slug and id', async () => {
      const id = await create();
      const roleId = await app.given.customRole(id, []);
      await update(id, { role: 'member' });
      await update(id, { role: `role-${roleId}` });
      expect(await details('update-identity', id)).toEqual([
        {
          role: `role-${roleId}`,
          changes: { role: { from: 'member', to: `role-${roleId}` }, roleId: { from: null, to: roleId } },
        },
        {
          role: 'member',
          changes: { role: { from: `role-${roleId}`, to: 'member' }, roleId: { from: roleId, to: null } },
        },
      ]);
    });

    it('records only the changed field when a client sends all of them', async () => {
      const id = await create({ role: 'member', metadata: [TEAM] });
      await update(id, { name: 'new', role: 'member', hasDeleteProtection: false, metadata: [TEAM] });
      expect(await details('update-identity', id)).toEqual([
        { role: null, changes: { name: { from: 'old', to: 'new' } } },
      ]);
      expect(await transitions(id, 'name')).toMatchObject({ entries: 0 });
    });

    it('returns the identity as it is when nothing changes, and writes no log row', async () => {
      const state = { name: 'old', role: 'member', hasDeleteProtection: true, metadata: [TEAM, STAGE] };
      const id = await create(state);
      const stored = await read(id);
      const updatedAt = app.clock.now().toISOString();
      app.clock.advance(5);
      const before = await countLogRows(app);
      for (const body of [{}, state, { role: 'member' }, { metadata: state.metadata }])
        expect(told(await update(id, body))).toMatchObject({
          status: 200,
          body: { identity: { id, name: 'old', metadata: stored.metadata, updatedAt } },
        });
      expect(await read(id)).toEqual(stored);
      expect(await countLogRows(app)).toEqual(before);
    });

    it('records metadata that are only sorted differently', async () => {
      const id = await create({ metadata: [TEAM, STAGE] });
      expect((await update(id, { metadata: [STAGE, TEAM] })).body.identity.metadata).toMatchObject([STAGE, TEAM]);
      expect(await details('update-identity', id)).toEqual([
        { role: null, changes: { metadata: { from: ['team', 'stage'], to: ['stage', 'team'] } } },
      ]);
    });

    it('records no token and no half of a character, and accepts the longest metadata', async () => {
      const { token } = await app.given.root();
      const longest = (index: number) => ({ key: `${index}`.padEnd(255, 'k'), value: `${'x'.repeat(255)}\u{1f600}` });
      const id = await create({ name: 'a'.repeat(255), metadata: Array.from({ length: 60 }, (_, at) => longest(at)) });
      expect((await update(id, { name: 'old', metadata: [{ key: 'note', value: token }] })).status).toBe(200);
      const [row] = (await details('update-identity', id)) as { changes: object }[];
      expect(Object.keys(row?.changes ?? {})).toHaveLength(62);
      expect(row?.changes).toMatchObject({ name: { to: 'old' }, 'metadata.note': { to: '[removed]' } });
      expect(JSON.stringify(row)).not.toContain(token.slice(0, 20));
    });

    it('records the role that each of many concurrent requests replaced, with one revocation entry each', async () => {
      const id = await create();
      const roles = ['member', 'verifier', 'no-access'];
      await Promise.all(Array.from({ length: 24 }, (_, index) => update(id, { role: roles[index % 3] })));
      const { of, entries } = await transitions(id, 'role');
      expect(isChain(of, 'no-access', (await read(id)).role)).toBe(true);
      expect(entries).toBe(of.length);
    });

    it('writes one audit row when many requests send the same change at once', async () => {
      const id = await create();
      await Promise.all(Array.from({ length: 20 }, () => update(id, { name: 'new', role: 'member' })));
      expect(await transitions(id, 'name')).toEqual({ of: [{ from: 'old', to: 'new' }], entries: 1 });
    });
  });

  describe('DELETE /api/v1/identities/{identityId}', () => {
    it('records the name and the role', async () => {
      const { token } = await app.given.root();
      const id = await create({ role: 'verifier' });
      await app.http.delete(path(id), { token });
      expect(await details('delete-identity', id)).toEqual([
        { isOwner: true, changes: { name: { from: 'old' }, role: { from: 'verifier' } } },
      ]);
    });

    it('records the role in the organization that only ends the membership', async () => {
      const { identityId } = await app.given.root();
      const id = await create();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'member' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      await app.http.delete(path(id), { token: accessToken });
      expect(await auditedDetails(app, 'delete-identity', `identity=${id}`, accessToken)).toEqual([
        { isOwner: false, changes: { role: { from: 'member' } } },
      ]);
    });
  });
});
