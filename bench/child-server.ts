import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The top of the checkout, seen from `dist/bench`. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));

const PATIENCE_MS = 60_000;
const PAUSE_MS = 5;

/** How a program is started. */
export interface ChildPlan {
  /** Arguments of Node, the program first. `{port}` stands for the port that it is to listen at. */
  args: string[];
  env?: Record<string, string>;
  /** Answers 200 once the server is ready. */
  readyPath: string;
}

/** An HTTP server as a process of its own, with nothing in its environment but what is given. */
export class ChildServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
    /** Milliseconds from the start of the process to its first good answer. */
    readonly readyAfter: number,
  ) {}

  static async start({ args, env = {}, readyPath }: ChildPlan): Promise<ChildServer> {
    const port = await freePort();
    const startedAt = performance.now();
    // Log lines are formatted and written, as in production, but nobody reads them.
    const child = spawn(
      process.execPath,
      args.map((argument) => argument.replace('{port}', String(port))),
      {
        cwd: PROJECT_ROOT,
        env: { ...env, PORT: String(port), HOST: '127.0.0.1' },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let complaints = '';
    child.stderr?.on('data', (data: Buffer) => (complaints = `${complaints}${data.toString()}`.slice(-4000)));
    const killAtExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killAtExit);
    child.once('exit', () => process.off('exit', killAtExit));
    const origin = `http://127.0.0.1:${port}`;
    while (!(await answers(origin + readyPath))) {
      if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${complaints}`);
      if (performance.now() - startedAt > PATIENCE_MS) throw new Error(`${args.join(' ')} is not ready: ${complaints}`);
      await sleep(PAUSE_MS);
    }
    return new ChildServer(child, origin, performance.now() - startedAt);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await Promise.race([ended, sleep(PATIENCE_MS / 2, undefined, { ref: false })]);
    this.child.kill('SIGKILL');
    await ended;
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url, { headers: { connection: 'close' } }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
