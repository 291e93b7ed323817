import { ServiceUnavailableError } from './errors/app-error.js';

interface SemaphoreOptions {
  /** Maximum of calls in flight per key. */
  maxConcurrent: number;
  /** Maximum of queued calls per key. Unlimited by default. */
  maxQueued?: number;
  /** Maximum time in the queue, in milliseconds. Unlimited by default. */
  timeoutMs?: number;
  /** Called for each call that is queued. */
  onQueue?: () => void;
  /** Called for each call that is rejected. */
  onReject?: () => void;
}

interface Slots {
  inFlight: number;
  /** Callbacks that start the queued calls, the oldest first. */
  queue: (() => void)[];
}

/**
 * Limits the calls in flight per key and queues the rest in FIFO order, so that queued calls hold no database
 * connection.
 */
export class KeyedSemaphore {
  private readonly slotsByKey = new Map<string, Slots>();
  private numQueued = 0;

  constructor(private readonly options: SemaphoreOptions) {}

  /** Number of queued calls, over all keys. */
  get queued(): number {
    return this.numQueued;
  }

  /** Runs `work` when a slot of the key is free. Throws 503 if the queue is full or the timeout passes first. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    let slots = this.slotsByKey.get(key);
    if (!slots) this.slotsByKey.set(key, (slots = { inFlight: 0, queue: [] }));
    if (slots.inFlight < this.options.maxConcurrent) slots.inFlight += 1;
    else await this.waitForSlot(slots);
    try {
      return await work();
    } finally {
      this.release(key, slots);
    }
  }

  /** Passes the slot on to the oldest queued call. */
  private release(key: string, slots: Slots): void {
    const startNext = slots.queue.shift();
    if (startNext) startNext();
    else if (--slots.inFlight === 0) this.slotsByKey.delete(key);
  }

  private async waitForSlot({ queue }: Slots): Promise<void> {
    const { maxQueued = Number.POSITIVE_INFINITY, timeoutMs, onQueue } = this.options;
    if (queue.length >= maxQueued) throw this.rejection();
    onQueue?.();
    this.numQueued += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        const timeOut = (): void => {
          queue.splice(queue.indexOf(start), 1);
          reject(this.rejection());
        };
        const timer = timeoutMs === undefined ? undefined : setTimeout(timeOut, timeoutMs);
        const start = (): void => {
          clearTimeout(timer);
          resolve();
        };
        queue.push(start);
      });
    } finally {
      this.numQueued -= 1;
    }
  }

  private rejection(): ServiceUnavailableError {
    this.options.onReject?.();
    return new ServiceUnavailableError('Too many requests like this one are in progress');
  }
}
