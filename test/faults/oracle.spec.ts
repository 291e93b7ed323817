import { atEpochSecond, type Credential, type Decision, NONE, Oracle } from './oracle.js';

const FOREVER = 1e9;
const token = (expiresAt = FOREVER): Credential => ({ tokenId: 'a token', text: 'its text', expiresAt });

const decision = (more: Partial<Decision>): Decision => ({
  credential: token(),
  kind: 'verification',
  takenFrom: 0,
  isAccepted: true,
  what: 'replica a',
  ...more,
});

describe('Oracle', () => {
  const judge = (...decisions: Decision[]): Oracle => {
    const oracle = new Oracle();
    oracle.revokeAcknowledged('a token', 5000);
    for (const each of decisions) oracle.decided(each);
    return oracle;
  };

  describe('of a token whose revoke was acknowledged', () => {
    it.each([
      { name: 'before', takenFrom: 4999, violations: 0, decisions: 0 },
      { name: 'within the second', takenFrom: 6000, violations: 0, decisions: 0 },
      { name: 'after the second', takenFrom: 6001, violations: 1, decisions: 1 },
    ])('counts a verification that was taken $name', ({ takenFrom, violations, decisions }) => {
      expect(judge(decision({ takenFrom })).counts.acceptedAfterRevoke).toEqual({ violations, decisions });
    });

    it.each([
      { name: 'before', takenFrom: 5000, violations: 0, decisions: 0 },
      { name: 'after, however soon', takenFrom: 5001, violations: 1, decisions: 1 },
    ])('counts a mutation that was taken $name', ({ takenFrom, violations, decisions }) => {
      const { counts } = judge(decision({ kind: 'mutation', takenFrom }));
      expect(counts.mutatedAfterRevoke).toEqual({ violations, decisions });
    });

    it('counts from the first acknowledgement', () => {
      const oracle = judge();
      oracle.revokeAcknowledged('a token', 9000);
      oracle.decided(decision({ takenFrom: 6001 }));
      expect(oracle.violations).toEqual({ ...NONE, acceptedAfterRevoke: 1 });
    });

    it('finds a refusal right, and rests on it', () => {
      const { counts, violations } = judge(decision({ kind: 'mutation', takenFrom: 9000, isAccepted: false }));
      expect(violations).toEqual(NONE);
      expect([counts.acceptedAfterRevoke.decisions, counts.mutatedAfterRevoke.decisions]).toEqual([1, 1]);
    });

    it('counts a mutation that was found done though no answer said so', () => {
      const oracle = judge();
      oracle.foundDone('a mutation');
      expect(oracle.violations).toEqual({ ...NONE, mutatedAfterRevoke: 1 });
    });
  });

  it.each([
    { name: 'at its end', takenFrom: 2000, violations: 0 },
    { name: 'within the second', takenFrom: 2999, violations: 0 },
    { name: 'one second after', takenFrom: 3000, violations: 1 },
  ])('counts an expired token that was accepted $name', ({ takenFrom, violations }) => {
    const oracle = new Oracle();
    oracle.decided(decision({ credential: token(2000), takenFrom }));
    expect(oracle.violations).toEqual({ ...NONE, acceptedAfterExpiry: violations });
  });

  it('counts each use beyond a limit, and no refusal', () => {
    const oracle = new Oracle();
    oracle.limited(token(), 2);
    for (const isAccepted of [true, false, true, true, false, true]) oracle.decided(decision({ isAccepted }));
    expect(oracle.counts.usedBeyondLimit).toEqual({ violations: 2, decisions: 6 });
  });

  it.each([
    { name: 'a lifetime from the answer', expiresAt: 61_000, violations: 0 },
    { name: 'a second more than that', expiresAt: 62_000, violations: 1 },
    { name: 'less, but beyond the max TTL', expiresAt: 41_000, endsBefore: 40_000, violations: 1 },
  ])('counts an end that lies $name', ({ expiresAt, endsBefore, violations }) => {
    const oracle = new Oracle();
    oracle.issued({ credential: token(expiresAt), lifetime: 60, endsBefore, answeredAt: 1000, isNew: true });
    expect(oracle.violations).toEqual({ ...NONE, mintedBeyondRule: violations });
  });

  it('counts what was acknowledged and is not there any more', () => {
    const oracle = new Oracle();
    oracle.kept('mintsLost', ['kept', 'lost'], (id) => id === 'kept');
    oracle.kept('revokesLost', ['lost'], () => false);
    expect(oracle.counts.mintsLost).toEqual({ violations: 1, decisions: 2 });
    expect(oracle.counts.revokesLost).toEqual({ violations: 1, decisions: 1 });
    expect(oracle.findings).toHaveLength(2);
  });

  it('knows on how many decisions its weakest count rests', () => {
    expect(judge().leastDecisions()).toBe(0);
  });

  it('reads a time of the wall clock on its own', () => {
    const inTenSeconds = Math.floor(Date.now() / 1000) + 10;
    expect(atEpochSecond(inTenSeconds)).toBeLessThanOrEqual(performance.now() + 10_000);
    expect(atEpochSecond(inTenSeconds)).toBeGreaterThan(performance.now() + 8_000);
  });
});
