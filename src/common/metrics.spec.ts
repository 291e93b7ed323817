import { Metrics } from './metrics.js';

describe('a tally', () => {
  const given = () => {
    const metrics = new Metrics();
    const deeds = metrics.tallies('deeds_total', 'deeds', ['kind']);
    const [good, bad] = [deeds({ kind: 'good' }), deeds({ kind: 'bad' })];
    const told = async () => (await metrics.text()).match(/^token_auth_deeds_total.*$/gm);
    return { metrics, good, bad, told };
  };

  it('is told from the start', async () => {
    expect(await given().told()).toEqual([
      'token_auth_deeds_total{kind="good"} 0',
      'token_auth_deeds_total{kind="bad"} 0',
    ]);
  });

  it('is told once, however often and by however many it is read', async () => {
    const { metrics, good, bad, told } = given();
    for (let n = 0; n < 3; n += 1) good.inc();
    const expected = ['token_auth_deeds_total{kind="good"} 3', 'token_auth_deeds_total{kind="bad"} 0'];
    expect(await Promise.all([told(), told()])).toEqual([expected, expected]);
    bad.inc();
    good.inc();
    const snapshot = (await metrics.snapshot()).find(({ name }) => name === 'token_auth_deeds_total');
    expect(snapshot?.values.map(({ value }) => value)).toEqual([4, 1]);
    expect(await told()).toEqual(['token_auth_deeds_total{kind="good"} 4', 'token_auth_deeds_total{kind="bad"} 1']);
  });
});
