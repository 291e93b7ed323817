import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ServiceProcess } from '../support/service-process.js';

/** A database that lets clients in and never says a word to them. */
async function silentDatabase() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://somebody:secret@127.0.0.1:${port}/somewhere`,
    asked: () => once(server, 'connection'),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a command that waits for its database', () => {
  // No signal ends the first process of a container, unless it has asked for it: then its status is its own to give.
  it.each([
    { command: 'serve', signal: 'SIGTERM', status: 143 },
    { command: 'serve', signal: 'SIGINT', status: 130 },
    { command: 'migrate', signal: 'SIGTERM', status: 143 },
  ] as const)('ends at $signal where it is $command', async ({ command, signal, status }) => {
    const database = await silentDatabase();
    const asked = database.asked();
    const process = ServiceProcess.run([command], {
      DATABASE_URL: database.url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: '5f3a1c9be27d4068af15c3d9420e8b76b1d7e09c34f2a58d6e0b97c1f4a3d285',
    });
    await asked;
    const ended = await process.stop(signal);
    await database.close();
    expect(ended).toBe(status);
  });
});

describe('a command whose output nobody reads any more', () => {
  it('ends without a word, as SIGPIPE ends others', async () => {
    const process = ServiceProcess.run(['--help'], {});
    process.child.stdout?.destroy();
    expect([await process.exit(), process.stderr]).toEqual([141, '']);
  });
});
