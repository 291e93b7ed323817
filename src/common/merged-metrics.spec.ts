import { Metrics, type MetricsSnapshot } from './metrics.js';
import { MergedMetrics } from './merged-metrics.js';

/** What a process says that has counted so many, sees this much on each gauge, and took one request of that time. */
async function saying(counted: number, gauges: number, time = 0.5): Promise<MetricsSnapshot> {
  const metrics = new Metrics();
  metrics.counter('deeds_total', 'deeds').inc(counted);
  metrics.histogram('time_seconds', 'times', [], [1]).observe(time);
  metrics.gauge('added', 'a gauge', 'sum').set(gauges);
  metrics.gauge('oldest', 'a gauge', 'max').set(gauges);
  metrics.reading('well', 'a gauge', 'min', () => ({ here: gauges, there: 1 }), 'where');
  return metrics.snapshot();
}

/** The lines that hold a number, without the prefix. */
const linesOf = async (merged: MergedMetrics, own: MetricsSnapshot = []): Promise<string[]> =>
  [...(await merged.text(own)).matchAll(/^token_auth_(.*)$/gm)].map(([, line = '']) => line);

describe('the metrics of several processes', () => {
  let merged: MergedMetrics;
  beforeEach(async () => {
    merged = new MergedMetrics();
    merged.hear(1, await saying(3, 0));
    merged.hear(2, await saying(4, 10, 2));
  });

  it('add up, but for gauges that say the most or the least', async () => {
    expect(await linesOf(merged)).toEqual([
      'deeds_total 7',
      'time_seconds_bucket{le="1"} 1',
      'time_seconds_bucket{le="+Inf"} 2',
      'time_seconds_sum 2.5',
      'time_seconds_count 2',
      'added 10',
      'oldest 10',
      'well{where="here"} 0',
      'well{where="there"} 1',
    ]);
  });

  it('are those of each at its last word', async () => {
    merged.hear(1, await saying(5, 1));
    expect(await linesOf(merged)).toEqual(
      expect.arrayContaining(['deeds_total 9', 'added 11', 'well{where="here"} 1']),
    );
  });

  it.each([
    { name: 'says nothing', part: (of: MergedMetrics) => of.hear(2, null) },
    { name: 'has ended', part: (of: MergedMetrics) => of.end(2) },
  ])('keep the counts of one that $name, and drop its gauges', async ({ part }) => {
    part(merged);
    part(merged);
    const lines = await linesOf(merged);
    expect(lines).toEqual(expect.arrayContaining(['deeds_total 7', 'time_seconds_count 2', 'added 0', 'oldest 0']));
  });

  it('count on where another takes the place of one that has ended', async () => {
    merged.end(1);
    merged.hear(1, await saying(1, 5));
    merged.end(1);
    merged.end(2);
    merged.hear(1, await saying(1, 6));
    expect(await linesOf(merged)).toEqual(expect.arrayContaining(['deeds_total 9', 'time_seconds_count 4', 'added 6']));
  });

  it('keep what is infinite, and have those of the process that adds them up', async () => {
    merged.hear(2, await saying(4, Infinity));
    const lines = await linesOf(merged, await saying(1, 2));
    expect(lines).toEqual(expect.arrayContaining(['deeds_total 8', 'oldest +Inf', 'well{where="here"} 0']));
  });
});
