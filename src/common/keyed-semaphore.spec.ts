import { setImmediate as nextIteration } from 'node:timers/promises';
import { ServiceUnavailableError } from './errors/app-error.js';
import { KeyedSemaphore } from './keyed-semaphore.js';

/** Calls that run until they are told to finish. */
class Calls {
  readonly started: string[] = [];
  private readonly finishers = new Map<string, () => void>();

  constructor(private readonly semaphore: KeyedSemaphore) {}

  begin(key: string, name: string): Promise<string> {
    return this.semaphore.run(key, () => {
      this.started.push(name);
      return new Promise((resolve) => this.finishers.set(name, () => resolve(name)));
    });
  }

  /** Returns when the call behind it has started. */
  async finish(name: string): Promise<void> {
    this.finishers.get(name)?.();
    await nextIteration();
  }
}

describe('KeyedSemaphore', () => {
  it('starts as many calls of a key as it may, and the others in the order of their arrival', async () => {
    const calls = new Calls(new KeyedSemaphore({ maxConcurrent: 2 }));
    const results = ['a', 'b', 'c', 'd'].map((name) => calls.begin('key', name));
    expect(calls.started).toEqual(['a', 'b']);
    await calls.finish('b');
    expect(calls.started).toEqual(['a', 'b', 'c']);
    await calls.finish('a');
    expect(calls.started).toEqual(['a', 'b', 'c', 'd']);
    await calls.finish('c');
    await calls.finish('d');
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not queue the calls of one key behind those of another', () => {
    const calls = new Calls(new KeyedSemaphore({ maxConcurrent: 1 }));
    void calls.begin('one', 'a');
    void calls.begin('one', 'b');
    void calls.begin('other', 'c');
    expect(calls.started).toEqual(['a', 'c']);
  });

  it('rejects a call at once when the queue of its key is full', async () => {
    const semaphore = new KeyedSemaphore({ maxConcurrent: 1, maxQueued: 1 });
    const calls = new Calls(semaphore);
    const results = [calls.begin('key', 'a'), calls.begin('key', 'b')];
    await expect(calls.begin('key', 'c')).rejects.toBeInstanceOf(ServiceUnavailableError);
    expect(semaphore.queued).toBe(1);
    await calls.finish('a');
    await calls.finish('b');
    expect(await results[1]).toBe('b');
    expect(calls.started).toEqual(['a', 'b']);
  });

  it('rejects a call that was queued for too long, and starts the one behind it in its place', async () => {
    const calls = new Calls(new KeyedSemaphore({ maxConcurrent: 1, timeoutMs: 1 }));
    void calls.begin('key', 'a');
    const timedOut = calls.begin('key', 'b').catch((error: unknown) => error);
    const error = await timedOut;
    expect(error).toBeInstanceOf(ServiceUnavailableError);
    expect(error).toMatchObject({ retryAfter: 1 });
    const third = calls.begin('key', 'c');
    await calls.finish('a');
    await calls.finish('c');
    expect(await third).toBe('c');
    expect(calls.started).toEqual(['a', 'c']);
  });

  it('reports the calls that it queues and rejects', async () => {
    const [onQueue, onReject] = [jest.fn(), jest.fn()];
    const calls = new Calls(new KeyedSemaphore({ maxConcurrent: 1, maxQueued: 1, timeoutMs: 1, onQueue, onReject }));
    void calls.begin('key', 'a');
    const queued = calls.begin('key', 'b').catch(() => undefined);
    await calls.begin('key', 'c').catch(() => undefined);
    expect([onQueue, onReject].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    await queued;
    expect([onQueue, onReject].map(({ mock }) => mock.calls.length)).toEqual([1, 2]);
  });

  it('passes on the slot of a call that fails', async () => {
    const semaphore = new KeyedSemaphore({ maxConcurrent: 1 });
    const failed = semaphore.run('key', () => Promise.reject(new Error('failed')));
    const next = semaphore.run('key', () => Promise.resolve('done'));
    await expect(failed).rejects.toThrow('failed');
    expect(await next).toBe('done');
    expect(await semaphore.run('key', () => Promise.resolve('idle'))).toBe('idle');
  });
});
