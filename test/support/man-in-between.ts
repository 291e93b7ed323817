import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and its database, and says what the database did not. */
export class ManInBetween {
  private readonly servers: Server[] = [];

  /** The address of the database of `url`, each connection to which is answered by this. */
  async answering(url: string, answer: (client: Socket) => void): Promise<string> {
    const server = createServer((client) => answer(client.on('error', () => client.destroy())));
    this.servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const through = new URL(url);
    through.port = String((server.address() as AddressInfo).port);
    return through.href;
  }

  /** The same, where everything is passed on, and what the database says is changed in its place. */
  changing(url: string, change: (said: Buffer) => unknown): Promise<string> {
    return this.answering(url, (client) => {
      const database = connect(Number(new URL(url).port), '127.0.0.1');
      database.on('error', () => client.destroy());
      client.on('close', () => database.destroy());
      client.pipe(database);
      database.on('data', (said: Buffer) => {
        change(said);
        client.write(said);
      });
    });
  }

  close(): void {
    for (const server of this.servers.splice(0)) server.close();
  }
}
