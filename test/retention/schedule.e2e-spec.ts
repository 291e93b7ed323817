import { type Removed, Retention } from '../../src/retention/retention.service.js';
import { TestApp } from '../support/test-app.js';

describe('the clean-up', () => {
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('comes about once a minute once it was started, never twice at a time, and no more after a stop', async () => {
    const app = await TestApp.start();
    const retention = app.nest.get(Retention);
    let done: (removed: Removed) => void = () => undefined;
    const run = jest.spyOn(retention, 'run').mockImplementation(() => new Promise((resolve) => (done = resolve)));
    const after = async (seconds: number): Promise<number> => {
      await jest.advanceTimersByTimeAsync(seconds * 1000);
      return run.mock.calls.length;
    };
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    await retention.start();
    expect([await after(29), await after(61), await after(600)]).toEqual([0, 1, 1]);
    done({});
    expect([await after(29), await after(61)]).toEqual([1, 2]);
    done({});
    await retention.onModuleDestroy();
    expect(await after(600)).toBe(2);
    jest.useRealTimers();
    await app.stop();
  });
});
