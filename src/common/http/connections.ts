import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Metrics } from '../metrics.js';

const REASONS = ['limit', 'slow', 'stalled', 'malformed', 'handshake'] as const;

type Reason = (typeof REASONS)[number];

type CountDrop = (reason: Reason) => void;

/** Holds the connections of this process to a number, and counts those that it cuts. */
export function boundConnections(server: Server, most: number, metrics: Metrics): void {
  const dropped = metrics.counter('connections_dropped_total', 'Connections that were cut, by the reason', ['reason']);
  // A number that is not there before the first of them would hide that one from whoever asks for the growth.
  for (const reason of REASONS) dropped.inc({ reason }, 0);
  const count: CountDrop = (reason) => dropped.inc({ reason });
  const connections = admit(server, most, () => count('limit'));
  metrics.reading('connections', 'Connections that are open', 'sum', connections);
  watchStalled(server, count);
  watchFaults(server, count);
}

/**
 * Closes at once what is beyond the limit; neither HTTP nor TLS learns of it. `server.maxConnections` would not do: a
 * worker that is full hands its connections back, and where all are full, older versions of Node.js pass them around
 * without an end. Gives what tells how many are open.
 */
function admit(server: Server, most: number, refused: () => void): () => number {
  let open = 0;
  const takers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (open >= most) {
      refused();
      socket.destroy();
      return;
    }
    open += 1;
    socket.once('close', () => (open -= 1));
    for (const take of takers) take.call(server, socket);
  });
  return () => open;
}

/** Cuts a connection on which nothing has moved for too long. One with nothing to send was merely idle. */
function watchStalled(server: Server, count: CountDrop): void {
  server.on('timeout', (socket) => {
    if (socket.writableLength > 0) count('stalled');
    socket.destroy();
  });
}

/** Whoever answers these errors closes the connection. */
function watchFaults(server: Server, count: CountDrop): void {
  const handshakes = new WeakSet<object>();
  server.prependListener('tlsClientError', (_error: Error, socket: object) => void handshakes.add(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const reason = handshakes.has(socket) ? 'handshake' : faultOf(error);
    if (reason) count(reason);
  });
}

/** Null for a client that has gone by itself. */
function faultOf({ code = '' }: NodeJS.ErrnoException): Reason | null {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'slow';
  return code.startsWith('HPE_') ? 'malformed' : null;
}
