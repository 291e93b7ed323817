import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A free port for each, and no wait for a load balancer that is not there. */
const QUIET = { MANAGEMENT_PORT: '0', SHUTDOWN_GRACE: '0' };

const ROOT = join(__dirname, '../..');

/** The built service, or one of its commands, as a process of its own. */
export class ServiceProcess {
  stdout = '';
  stderr = '';
  private readonly ended: Promise<number | null>;

  private constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (data: Buffer) => (this.stdout += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()));
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Runs `token-auth` with nothing in its environment but what is given, and what keeps processes apart and quick. */
  static run(args: string[], env: Record<string, string>): ServiceProcess {
    const command = args[0] === 'serve' ? ['dist/bundle/main.js'] : ['dist/bundle/cli/main.js', ...args];
    return new ServiceProcess(
      spawn(process.execPath, command, { cwd: ROOT, env: { PATH: process.env.PATH ?? '', ...QUIET, ...env } }),
    );
  }

  /** Resolves with the match once standard output shows it; fails when the process ends before. */
  async sees(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match) return match;
      const more = once(this.child.stdout ?? this.child, 'data');
      const isOver = await Promise.race([more.then(() => false), this.ended.then(() => true)]);
      if (isOver && !pattern.test(this.stdout))
        throw new Error(`ended without ${pattern}:\n${this.stdout}\n${this.stderr}`);
    }
  }

  /** The address that it listens at. */
  async origin(): Promise<string> {
    const [, port = ''] = await this.sees(/"port":(\d+),"msg":"listening"/);
    return `http://127.0.0.1:${port}`;
  }

  /** Where its health and metrics are. */
  async management(): Promise<string> {
    const [, port = ''] = await this.sees(/"managementPort":(\d+),"msg":"management listening"/);
    return `http://127.0.0.1:${port}`;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }

  /** The exit status of a command that ends by itself. */
  exit(): Promise<number | null> {
    return this.ended;
  }
}
