import { Logger } from '@nestjs/common';
import { TestClock } from '../support/test-clock.js';
import { ReadTurns } from '../../src/revocation/read-turns.js';

describe('when the revocation log is read', () => {
  let clock: TestClock;
  let turns: ReadTurns;
  let reads: number;
  let readOnce: () => Promise<void>;
  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    clock = new TestClock();
    clock.hold();
    reads = 0;
    readOnce = () => Promise.resolve();
    turns = new ReadTurns(clock, () => {
      reads += 1;
      return readOnce();
    });
    await turns.begin();
  });
  afterEach(async () => {
    await turns.end();
    jest.useRealTimers().restoreAllMocks();
  });

  /** Lets so many milliseconds pass, and tells how many reads began in them. */
  const readsIn = async (milliseconds: number): Promise<number> => {
    const before = reads;
    for (let passed = 0; passed < milliseconds; passed += 1) {
      clock.pass(1);
      await jest.advanceTimersByTimeAsync(1);
    }
    return reads - before;
  };

  it('is read at the start, and every 200 ms then', async () => {
    expect(reads).toBe(1);
    expect(await readsIn(199)).toBe(0);
    expect(await readsIn(1)).toBe(1);
    expect(await readsIn(1000)).toBe(5);
  });

  it('is read 10 ms after the last read when there is a hint', async () => {
    turns.hasten();
    expect(await readsIn(9)).toBe(0);
    expect(await readsIn(1)).toBe(1);
    expect(await readsIn(199)).toBe(0);
  });

  it('is read at once when there is a hint and the last read is longer ago', async () => {
    await readsIn(50);
    turns.hasten();
    expect(await readsIn(1)).toBe(1);
  });

  it('is read no more often for a thousand hints', async () => {
    let found = 0;
    for (let sent = 0; sent < 1000; sent += 1) {
      turns.hasten();
      if (sent % 10 === 9) found += await readsIn(1);
    }
    expect(found).toBe(10);
  });

  it('is read no more often for those who ask for a read than for hints', async () => {
    const asked = turns.read();
    await jest.advanceTimersByTimeAsync(0);
    expect(await readsIn(9)).toBe(0);
    expect(await readsIn(1)).toBe(1);
    await asked;
  });

  it('is read once for all who ask for a read, after they have asked', async () => {
    let end = (): void => undefined;
    readOnce = () => new Promise((resolve) => (end = resolve));
    await readsIn(50);
    const first = turns.read();
    await readsIn(1);
    expect(reads).toBe(2);
    const later = Promise.all([turns.read(), turns.read()]);
    expect(await readsIn(50)).toBe(0);
    end();
    await first;
    expect(await readsIn(1)).toBe(1);
    end();
    await later;
  });

  it('goes on when reads fail, and says so once', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    readOnce = () => Promise.reject(new Error('no answer'));
    expect(await readsIn(400)).toBe(2);
    await expect(Promise.all([turns.read(), readsIn(10)])).rejects.toThrow('no answer');
    expect(error).toHaveBeenCalledTimes(1);
    expect(warn).not.toHaveBeenCalled();
    readOnce = () => Promise.resolve();
    expect(await readsIn(400)).toBe(2);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('is not read any more in the end', async () => {
    await turns.end();
    turns.hasten();
    expect(await readsIn(500)).toBe(0);
  });
});
