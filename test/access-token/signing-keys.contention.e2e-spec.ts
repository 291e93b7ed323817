import { KeyLifecycle } from '../../src/access-token/signing-key/key-lifecycle.service.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { withoutTriggers } from '../support/without-triggers.js';

const env = { SIGNING_KEY_MAX_AGE: '1000', JWKS_MAX_AGE: '300' };
const PUBLICATION = 360;

describe('signing keys: several who change them', () => {
  let app: TestApp;
  let replica: TestApp;
  let keys: KeysOf;
  let others: KeysOf;
  beforeEach(async () => {
    app = await TestApp.start({ env });
    replica = await TestApp.start({ env, beside: app });
    keys = new KeysOf(app);
    others = new KeysOf(replica);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await replica.stop();
    await app.stop();
  });

  /** Does something between what the replica finds due and its doing it. */
  const between = (act: () => Promise<unknown>) => {
    const lifecycle = replica.nest.get(KeyLifecycle);
    const change = lifecycle.changeUnlessBusy.bind(lifecycle);
    jest.spyOn(lifecycle, 'changeUnlessBusy').mockImplementationOnce(async (...args) => {
      await act();
      return change(...args);
    });
  };

  it('judge again what is due once they have their turn: nothing is done twice', async () => {
    const first = await keys.kid('active');
    app.clock.advance(1000);
    between(keys.upkeep);
    await others.upkeep();
    const next = await keys.kid('next');
    app.clock.advance(PUBLICATION);
    between(keys.upkeep);
    await others.upkeep();
    expect(await keys.kid('active')).toBe(next);
    expect(await keys.kid('retiring')).toBe(first);
    const events: object[] = await app.db.query(
      `SELECT event FROM audit_event WHERE event LIKE '%signing-key' ORDER BY created_at, id`,
    );
    expect(events).toEqual([
      { event: 'create-signing-key' },
      { event: 'create-signing-key' },
      { event: 'activate-signing-key' },
    ]);
  });

  it('leave to the operator’s act what it did meanwhile', async () => {
    app.clock.advance(1000);
    await others.upkeep();
    const next = await keys.kid('next');
    app.clock.advance(PUBLICATION);
    between(async () => keys.retire(next));
    await others.upkeep();
    expect(await keys.kid('retired')).toBe(next);
    expect(await keys.in('next')).toEqual([]);
    await others.upkeep();
    expect(await keys.kid('next')).not.toBe(next);
  });

  it('make one first key, however many replicas start at the same time', async () => {
    await withoutTriggers(app.db, 'DELETE FROM signing_key');
    const started = await Promise.all([1, 2, 3, 4].map(async () => TestApp.start({ env, beside: app })));
    const kid = await keys.kid('active');
    expect(started.map((one) => new KeysOf(one).loaded.active().kid)).toEqual([kid, kid, kid, kid]);
    expect(await keys.operations.list()).toHaveLength(1);
    for (const one of started) await one.stop();
  });

  it('try again where somebody signs for longer than a lock is waited for', async () => {
    const kid = await keys.kid('active');
    const signer = app.db.createQueryRunner();
    await signer.startTransaction();
    await signer.query('SELECT kid FROM signing_key FOR SHARE');
    const revocation = keys.revoke(kid);
    const first = await keys.someoneWaits();
    await keys.someoneWaits({ otherThan: first });
    await signer.commitTransaction();
    await signer.release();
    await revocation;
    expect(await keys.kid('revoked')).toBe(kid);
  });
});
