type Step = () => unknown;

/** What a run has opened, to be closed in reverse order: at its end, after a failure, and on Ctrl-C. */
export class Closing {
  private readonly steps: Step[] = [];
  private closed?: Promise<void>;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.stderr.write(`\n${signal}: ending what was started\n`);
        void this.close().finally(() => process.exit(130));
      });
    }
  }

  /** Whether all is being closed; what fails then is no failure. */
  get isClosing(): boolean {
    return this.closed !== undefined;
  }

  /** What is opened while all is being closed is closed at once. */
  add(step: Step): void {
    if (this.isClosing) void this.run(step);
    else this.steps.push(step);
  }

  /** Goes on after a step that fails, and tells it: what was opened before is still to be closed. */
  close(): Promise<void> {
    return (this.closed ??= this.closeAll());
  }

  private async closeAll(): Promise<void> {
    for (const step of this.steps.toReversed()) await this.run(step);
  }

  private async run(step: Step): Promise<void> {
    try {
      await step();
    } catch (error) {
      process.stderr.write(`while closing: ${String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
