import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a service and its database, and keeps back the answers to some questions. */
export class HeldAnswers {
  private server?: Server;
  private readonly sockets = new Set<Socket>();
  private pattern: RegExp | null = null;
  private release: (() => void)[] = [];
  private seen: () => void = () => undefined;

  /** Gives the address under which the database of `url` is reached by way of this. */
  readonly open = async (url: string): Promise<string> => {
    const { port } = new URL(url);
    this.server = createServer((client) => this.join(client, connect(Number(port), '127.0.0.1')));
    const listening = this.server;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    through.port = String((listening.address() as { port: number }).port);
    return through.href;
  };

  /** From now on, answers to questions of that text are kept back; resolves when the first has come. */
  hold(pattern: RegExp): { answered: Promise<void> } {
    this.pattern = pattern;
    return { answered: new Promise((resolve) => (this.seen = resolve)) };
  }

  /** Lets all that was kept back through, and everything after. */
  letGo(): void {
    this.pattern = null;
    for (const go of this.release.splice(0)) go();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private join(client: Socket, upstream: Socket): void {
    let kept: Buffer[] | null = null;
    client.on('data', (chunk: Buffer) => {
      if (this.pattern?.test(chunk.toString('latin1')) && !kept) {
        kept = [];
        this.release.push(() => {
          for (const part of kept ?? []) client.write(part);
          kept = null;
        });
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (kept) {
        kept.push(chunk);
        this.seen();
      } else {
        client.write(chunk);
      }
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
