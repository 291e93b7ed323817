import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../support/service-process.js';

/** Milliseconds between two looks at a replica's readiness. */
const LOOK_MS = 20;

interface Backend {
  origin: string;
  ready: string;
  /** Keeps connections, as load balancers do. */
  agent: Agent;
  isReady: boolean;
  isGone: boolean;
}

/** Sends each request to the next replica that says that it is ready; never twice, whatever comes of it. */
export class Balancer {
  private readonly server: Server = createServer((incoming, outgoing) => this.pass(incoming, outgoing));
  private readonly backends: Backend[] = [];
  private turn = 0;

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** Resolves when the replica gets requests; it gets them until it says no more. */
  async add(replica: ServiceProcess): Promise<void> {
    const [origin, management] = await Promise.all([replica.origin(), replica.management()]);
    const agent = new Agent({ keepAlive: true });
    const backend = { origin, ready: `${management}/health/ready`, agent, isReady: false, isGone: false };
    this.backends.push(backend);
    void replica.exit().then(() => (backend.isGone = true));
    while (!backend.isReady) await this.look(backend);
    void this.watch(backend);
  }

  async close(): Promise<void> {
    for (const backend of this.backends) {
      backend.isGone = true;
      backend.agent.destroy();
    }
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async watch(backend: Backend): Promise<void> {
    while (!backend.isGone) await this.look(backend);
    backend.isReady = false;
  }

  private async look(backend: Backend): Promise<void> {
    const answer = await fetch(backend.ready).catch(() => null);
    backend.isReady = answer?.status === 200;
    await answer?.body?.cancel();
    await delay(LOOK_MS);
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const ready = this.backends.filter(({ isReady }) => isReady);
    const backend = ready[(this.turn += 1) % ready.length];
    const fail = (): void => void outgoing.writeHead(502).end('{}');
    if (!backend) return fail();
    const { method, headers, url } = incoming;
    const { connection: _own, ...passed } = headers;
    const sent = request(`${backend.origin}${url}`, { method, headers: passed, agent: backend.agent }, (answer) => {
      const { connection: _its, 'transfer-encoding': _coding, ...told } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, told);
      answer.pipe(outgoing);
    });
    sent.on('error', fail);
    incoming.pipe(sent);
  }
}
