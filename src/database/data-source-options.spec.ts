import { dataSourceOptions } from './data-source-options.js';

describe('the pool of connections', () => {
  const poolOf = (poolSize: number): Record<string, unknown> =>
    dataSourceOptions({ url: 'postgres://localhost/any', poolSize, hasTimeouts: true }).extra as Record<
      string,
      unknown
    >;

  it.each([
    [1, 1],
    [3, 3],
    [20, 4],
  ])('of %i keeps %i open while they rest', (poolSize, kept) => {
    expect(poolOf(poolSize)).toMatchObject({ min: kept });
  });

  it('probes those that rest within the minute in which firewalls forget', () => {
    const { keepAlive, keepAliveInitialDelayMillis } = poolOf(20);
    expect(keepAlive).toBe(true);
    expect(keepAliveInitialDelayMillis).toBeGreaterThan(0);
    expect(keepAliveInitialDelayMillis).toBeLessThanOrEqual(30_000);
  });
});
