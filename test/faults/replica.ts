import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { DatabaseProxy } from '../support/database-proxy.js';
import { ServiceProcess } from '../support/service-process.js';
import { now } from './oracle.js';
import { until } from './until.js';

const WALL_CLOCK = pathToFileURL(join(__dirname, 'wall-clock.mjs')).href;

export interface Request {
  method: string;
  path: string;
  token?: string;
  body?: object;
  /** Milliseconds after which the answer is not waited for any more. */
  patience?: number;
}

export interface Outcome {
  /** 0 when no answer came. */
  status: number;
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
  /** The earliest instant at which the replica can have decided. */
  decidedFrom: number;
  answeredAt: number;
}

/** One service process, with a proxy between it and its database. */
export class Replica {
  readonly proxy = new DatabaseProxy();
  private readonly scratch = mkdtempSync(join(tmpdir(), 'token-auth-replica-'));
  private readonly clockFile = join(this.scratch, 'wall-clock');
  private readonly stops: { from: number; to: number }[] = [];
  /** Ends that nobody here has brought about, and their last words. A process that was killed has no status. */
  readonly crashes: string[] = [];
  /** The one that runs, and those before it that were killed. */
  private readonly services: ServiceProcess[] = [];
  private origin = '';
  private through = '';

  constructor(
    readonly name: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Connects it to the database of `url`, by way of its proxy, and starts it. */
  async open(url: string): Promise<void> {
    this.through = await this.proxy.open(url);
    await this.start();
  }

  async start(): Promise<void> {
    const clock = { WALL_CLOCK_FILE: this.clockFile, NODE_OPTIONS: `--import=${WALL_CLOCK}` };
    const service = ServiceProcess.run(['serve'], { ...this.env, ...clock, DATABASE_URL: this.through });
    this.services.push(service);
    this.origin = await service.origin();
    void service.exit().then((status) => {
      if (status !== null) this.crashes.push(`replica ${this.name} ended with ${status}: ${service.stderr}`);
    });
  }

  async kill(): Promise<void> {
    await this.services.at(-1)?.stop('SIGKILL');
  }

  /** Lets the process stand still. Returns when it does. */
  async stop(): Promise<void> {
    this.process.kill('SIGSTOP');
    await until('the process stands still', async () => /^[Tt]/.test(await stateOf(this.process.pid!)));
    this.stops.push({ from: now(), to: Number.POSITIVE_INFINITY });
  }

  resume(): void {
    this.stops.at(-1)!.to = now();
    this.process.kill('SIGCONT');
  }

  /** Moves the wall clock of this process alone. */
  async moveClock(milliseconds: number): Promise<void> {
    const text = String(milliseconds);
    writeFileSync(this.clockFile, text);
    this.process.kill('SIGUSR2');
    const applied = async (): Promise<string> => readFile(`${this.clockFile}.applied`, 'utf8').catch(() => '');
    await until('the clock is moved', async () => (await applied()) === text);
  }

  async send({ method, path, token, body, patience = 10_000 }: Request): Promise<Outcome> {
    const sentAt = now();
    const told = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        'x-forwarded-for': someAddress(),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    })
      .then(async (response) => ({ status: response.status, body: await response.json() }))
      .catch(() => ({ status: 0, body: undefined }));
    const stop = this.stops.find(({ from, to }) => from <= sentAt && sentAt <= to);
    return { ...told, decidedFrom: stop ? Math.max(sentAt, stop.to) : sentAt, answeredAt: now() };
  }

  /** The lines of its processes' logs that have the text in them. */
  logOf(text: string): string[] {
    return this.services.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line.includes(text)));
  }

  /** What the process that runs has logged. */
  get log(): string {
    return this.services.at(-1)?.stdout ?? '';
  }

  async close(): Promise<void> {
    await this.kill();
    await this.proxy.cut();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  private get process() {
    const service = this.services.at(-1);
    if (!service) throw new Error(`Replica ${this.name} has not been started`);
    return service.child;
  }
}

/** Failed credentials are counted by address; each request has its own, so that every one is judged by its token. */
const someAddress = (): string => `10.${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join('.')}`;

async function stateOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]);
  return stdout.trim();
}
