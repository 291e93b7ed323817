import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a service and its database, and can be cut. */
export class DatabaseProxy {
  private server?: Server;
  private readonly sockets = new Set<Socket>();

  /** Gives the address under which the database of `url` is reached by way of the proxy. */
  readonly open = async (url: string): Promise<string> => {
    const { port } = new URL(url);
    this.server = createServer((client) => {
      const upstream = connect(Number(port), '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => this.sockets.delete(socket));
      }
      client.pipe(upstream).pipe(client);
    });
    const listening = this.server;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    through.port = String((listening.address() as { port: number }).port);
    return through.href;
  };

  /** Breaks every connection, and takes no new one. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
