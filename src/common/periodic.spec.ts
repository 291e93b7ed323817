import { setImmediate } from 'node:timers/promises';
import { Periodic } from './periodic.js';

describe('Periodic', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
  afterEach(() => jest.useRealTimers());

  const given = (work: () => Promise<void>) => {
    const told: Error[] = [];
    const done = jest.fn(work);
    return { told, done, periodic: new Periodic(1000, done, (error) => told.push(error)) };
  };

  it('works at once, and then at each interval until it is stopped', async () => {
    const { periodic, done } = given(async () => undefined);
    periodic.start();
    expect(done).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(2000);
    expect(done).toHaveBeenCalledTimes(3);
    await periodic.stop();
    jest.advanceTimersByTime(2000);
    expect(done).toHaveBeenCalledTimes(3);
  });

  it('has one timer, however often it is started', async () => {
    const { periodic, done } = given(async () => undefined);
    periodic.start();
    periodic.start();
    jest.advanceTimersByTime(1000);
    expect(done).toHaveBeenCalledTimes(3);
    await periodic.stop();
  });

  it('tells what failed, and goes on', async () => {
    const { periodic, done, told } = given(() => Promise.reject(new Error('away')));
    periodic.start();
    await setImmediate();
    expect(told).toEqual([new Error('away')]);
    jest.advanceTimersByTime(1000);
    expect(done).toHaveBeenCalledTimes(2);
    await periodic.stop();
  });

  it('is stopped when what is under way has ended', async () => {
    let end: () => void = () => undefined;
    const { periodic } = given(() => new Promise((resolve) => (end = resolve)));
    periodic.start();
    let isStopped = false;
    const stopped = periodic.stop().then(() => (isStopped = true));
    await setImmediate();
    expect(isStopped).toBe(false);
    end();
    await stopped;
  });
});
