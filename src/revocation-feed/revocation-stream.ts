import type { ServerResponse } from 'node:http';
import type { LogEntry } from '../revocation/log-read.js';
import { RevocationEntryDto } from './feed.dto.js';

/** Bytes that may wait for a follower that reads too slowly; then it is sent away, and goes on from its last event. */
const MAX_WAITING = 1024 * 1024;

/** Milliseconds after which a follower is to come again when its stream ends. */
const RETRY_MS = 1000;

/** Milliseconds over which the followers of a replica that stops come to the others: before their knowledge is too old. */
const SPREAD_MS = 300;

type EventName = 'reset' | 'entries' | 'heartbeat';

/** One follower's stream of server-sent events (WHATWG HTML, section 9.2). */
export class RevocationStream {
  constructor(
    private readonly response: ServerResponse,
    /** When it was opened, on the monotonic clock: what `asOf` counts from. */
    private readonly openedAt: number,
  ) {}

  get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }

  open(headers: Record<string, string>): void {
    this.response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    this.response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** What the follower knows is to be forgotten; everything comes anew. */
  reset(): void {
    this.send('reset', {});
  }

  /** `cursor`: where to go on after these. */
  entries(entries: readonly LogEntry[], cursor: string): void {
    if (entries.length > 0)
      this.send('entries', { entries: entries.map((entry) => RevocationEntryDto.from(entry)) }, cursor);
  }

  /** All that was revoked up to `asOf` (monotonic) has been sent. One that would only wait in line is left out. */
  heartbeat(asOf: number, cursor: string): void {
    if (!this.response.writableNeedDrain) this.send('heartbeat', { asOf: Math.floor(asOf - this.openedAt) }, cursor);
  }

  /** Resolves when the follower has taken what was sent, or is gone. */
  async drained(): Promise<void> {
    if (!this.isOpen || !this.response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.response.off('drain', done).off('close', done);
        resolve();
      };
      this.response.on('drain', done).on('close', done);
    });
  }

  /** A follower that hasn't taken what was sent is not waited for: it goes on from the last event that it has. */
  end(): void {
    if (this.response.writableNeedDrain) this.cut();
    else this.response.end();
  }

  /** Ends it because this replica stops, and says when to come again: not all followers at the same moment. */
  endForAnother(): void {
    if (this.isOpen) this.response.write(`: this replica stops\nretry: ${Math.ceil(Math.random() * SPREAD_MS)}\n\n`);
    this.end();
  }

  /** Ends it without waiting for the follower to take what was sent. */
  cut(): void {
    this.response.destroy();
  }

  private send(event: EventName, data: object, id?: string): void {
    if (!this.isOpen) return;
    const lines = [`event: ${event}`, ...(id === undefined ? [] : [`id: ${id}`]), `data: ${JSON.stringify(data)}`];
    this.response.write(`${lines.join('\n')}\n\n`);
    if (this.response.writableLength > MAX_WAITING) this.cut();
  }
}
