import { connect, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** An answer that is to be held back: that to the first request with the text in it. */
interface Hold {
  text: string;
  /** The request is on its way; resolves when its answer may pass. */
  caught: () => Promise<unknown>;
  /** The answer is here, and held back. */
  answered: () => void;
}

/** What goes wrong on all links of a proxy. */
export interface LinkFaults {
  /** Nothing is forwarded until it is fulfilled, the end of a connection included. */
  passage: Promise<void>;
  hold: Hold | null;
  /** Milliseconds that every answer takes longer. */
  lateness: number;
  dropsHints: boolean;
  /** In every answer, what is to stand in the place of what, which is as long. */
  disguise: { real: string; told: string } | null;
  /** The database that a new connection names, and the one that it gets in its place; their names are as long. */
  database: { named: string; given: string } | null;
}

/** The type byte of a NotificationResponse (PostgreSQL, "Message Formats"). */
const NOTIFICATION = 'A'.charCodeAt(0);
const HEADER_BYTES = 5;

/** An answer that is held back keeps no process from ending. */
export const UNHURRIED = { ref: false };

/** One connection of a service to its database. The connection must be without TLS: its messages are read. */
export class DatabaseLink {
  private readonly upstream: Socket;
  private held: { release: Promise<unknown>; answered: () => void } | null = null;
  private unread: Buffer = Buffer.alloc(0);

  constructor(
    private readonly client: Socket,
    port: number,
    private readonly faults: LinkFaults,
    closed: () => void,
  ) {
    this.upstream = connect(port, '127.0.0.1');
    const ends = [client, this.upstream] as const;
    client.pipe(this.gate(this.request)).pipe(this.upstream);
    this.upstream.pipe(this.gate(this.answer)).pipe(client);
    for (const [socket, other] of [ends, ends.toReversed()] as [Socket, Socket][]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        void this.faults.passage.then(() => other.end());
        if (ends.every(({ destroyed }) => destroyed)) closed();
      });
    }
  }

  destroy(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  private gate(pass: (chunk: Buffer) => Promise<Buffer>): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        pass(chunk).then((passed) => done(null, passed), done);
      },
      flush: (done) => {
        this.faults.passage.then(() => done(), done);
      },
    });
  }

  private readonly request = async (chunk: Buffer): Promise<Buffer> => {
    const { hold } = this.faults;
    if (hold && chunk.includes(hold.text)) {
      this.faults.hold = null;
      this.held = { release: hold.caught(), answered: hold.answered };
    }
    await this.faults.passage;
    return this.redirected(chunk);
  };

  /** Only the startup message has these words (PostgreSQL, "Message Formats"). */
  private redirected(chunk: Buffer): Buffer {
    const { database } = this.faults;
    const at = database ? chunk.indexOf(`database\0${database.named}\0`) : -1;
    if (database && at !== -1) chunk.write(`database\0${database.given}\0`, at);
    return chunk;
  }

  private readonly answer = async (chunk: Buffer): Promise<Buffer> => {
    this.held?.answered();
    await this.held?.release;
    this.held = null;
    if (this.faults.lateness > 0) await delay(this.faults.lateness, undefined, UNHURRIED);
    await this.faults.passage;
    return this.wholeMessages(chunk);
  };

  /** The messages that are complete by now, without notifications if those are dropped. */
  private wholeMessages(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.unread, chunk]);
    const kept: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      if (!this.faults.dropsHints || bytes[at] !== NOTIFICATION) kept.push(bytes.subarray(at, end));
      at = end;
    }
    this.unread = bytes.subarray(at);
    return this.disguised(Buffer.concat(kept));
  }

  private disguised(bytes: Buffer): Buffer {
    const { disguise } = this.faults;
    if (!disguise) return bytes;
    for (let at = bytes.indexOf(disguise.real); at !== -1; at = bytes.indexOf(disguise.real, at)) {
      bytes.write(disguise.told, at);
    }
    return bytes;
  }
}
