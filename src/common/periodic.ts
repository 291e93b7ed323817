/** Does some work at once when it is started, and then every so often. What fails is told, and done the next time. */
export class Periodic {
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly intervalMs: number,
    private readonly work: () => Promise<void>,
    private readonly tellFailed: (error: Error) => void,
  ) {}

  /** Keeps no process alive. Started again, it goes on as before and does the work once more. */
  start(): void {
    this.timer ??= setInterval(() => this.tick(), this.intervalMs).unref();
    this.tick();
  }

  /** Begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private tick(): void {
    this.running = this.work().catch((error: unknown) => this.tellFailed(error as Error));
  }
}
