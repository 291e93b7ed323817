import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';

/**
 * A reverse proxy for requests without a body. It forwards every header field sorted by name, as some proxies do, and
 * appends the client address as `X-Forwarded-For`.
 */
export class SortingProxy {
  private readonly server: Server;

  private constructor(
    private readonly upstream: URL,
    private readonly clientAddress: string,
  ) {
    this.server = createServer((client) => this.serve(client));
  }

  static async start(upstream: string, clientAddress: string): Promise<SortingProxy> {
    const proxy = new SortingProxy(new URL(upstream), clientAddress);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private serve(client: Socket): void {
    let received = '';
    client.on('error', () => undefined);
    client.on('data', (data) => {
      received += data.toString('latin1');
      if (received.includes(END_OF_HEAD)) this.forward(received.split(END_OF_HEAD)[0] ?? '', client);
    });
  }

  private forward(head: string, client: Socket): void {
    const [line = '', ...fields] = head.split('\r\n');
    const sent = [...fields, `X-Forwarded-For: ${this.clientAddress}`].toSorted((one, other) =>
      nameOf(one).localeCompare(nameOf(other)),
    );
    const service = connect(Number(this.upstream.port), this.upstream.hostname);
    service.on('error', () => client.destroy());
    service.write([line, ...sent].join('\r\n') + END_OF_HEAD);
    service.pipe(client);
  }
}

const nameOf = (field: string): string => field.slice(0, field.indexOf(':')).toLowerCase();
