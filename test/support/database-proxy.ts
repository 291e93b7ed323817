import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseLink, type LinkFaults, UNHURRIED } from './database-link.js';

/** Stands between a service and its database, and can be cut, frozen, and restored. */
export class DatabaseProxy {
  private readonly server: Server;
  private readonly links = new Set<DatabaseLink>();
  private readonly faults: LinkFaults = {
    passage: Promise.resolve(),
    hold: null,
    lateness: 0,
    dropsHints: false,
    disguise: null,
    database: null,
  };
  private resume: () => void = () => undefined;
  private port = 0;
  private target = 0;

  constructor() {
    this.server = createServer((client) => this.accept(client));
  }

  /** Gives the address under which the database of `url` is reached by way of the proxy. */
  readonly open = async (url: string): Promise<string> => {
    await this.restore(url);
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  };

  /** Takes connections again, at the same port as before, and leads them to the database of `url`. */
  async restore(url: string): Promise<void> {
    this.leadTo(url);
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as { port: number }).port;
  }

  /** Leads new connections to the server of `url`. */
  leadTo(url: string): void {
    this.target = Number(new URL(url).port);
  }

  /** Breaks every connection, and leads those that name the database of `url` to another one, of a name as long. */
  redirect(url: string, other: string): void {
    this.faults.database = { named: new URL(url).pathname.slice(1), given: new URL(other).pathname.slice(1) };
    for (const link of this.links) link.destroy();
  }

  /** Breaks every connection, and takes no new one. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const link of this.links) link.destroy();
    await closed;
    this.thaw();
  }

  /** Forwards nothing any more and breaks nothing: to each side it looks as if the other had nothing to say. */
  freeze(): void {
    this.faults.passage = new Promise((resolve) => (this.resume = resolve));
  }

  /** Forwards everything again, what has come in the meantime first. */
  thaw(): void {
    this.resume();
  }

  /** Holds back the answer to the next request that has the text in it; resolves when the request is on its way. */
  async hold(text: string, milliseconds: number): Promise<void> {
    await new Promise<void>((onItsWay) => {
      const caught = () => {
        onItsWay();
        return delay(milliseconds, undefined, UNHURRIED);
      };
      this.faults.hold = { text, caught, answered: () => undefined };
    });
  }

  /** The same until it is let go; `answered` resolves when the answer has come, and is held back. */
  holdBack(text: string): { answered: Promise<void>; letGo: () => void } {
    const held = deferred();
    const answer = deferred();
    this.faults.hold = { text, caught: () => held.promise, answered: answer.resolve };
    return { answered: answer.promise, letGo: held.resolve };
  }

  /** Has every answer come so many milliseconds later. */
  delay(milliseconds: number): void {
    this.faults.lateness = milliseconds;
  }

  /** Whether the database's notifications get lost on the way. */
  dropHints(isDropping: boolean): void {
    this.faults.dropsHints = isDropping;
  }

  /** Has the database say something else of the same length, wherever it says this. */
  disguise(real: string, told: string): void {
    this.faults.disguise = { real, told };
  }

  private accept(client: Socket): void {
    const link: DatabaseLink = new DatabaseLink(client, this.target, this.faults, () => this.links.delete(link));
    this.links.add(link);
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}
