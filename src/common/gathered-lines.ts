import type { DestinationStream } from 'pino';

/** How many characters are gathered at most. */
const MANY = 64 * 1024;

/**
 * Writes the log lines of one turn of the event loop at once: a write of its own costs more than the line. None is held
 * back for longer than that turn, and what is there when the process ends, for whatever reason it knows of, is written.
 */
export class GatheredLines implements DestinationStream {
  private lines = '';

  constructor(private readonly destination: DestinationStream) {
    process.on('exit', this.flushNow);
  }

  write(line: string): void {
    if (this.lines === '') setImmediate(this.flushNow);
    this.lines += line;
    if (this.lines.length > MANY) this.flushNow();
  }

  private readonly flushNow = (): void => {
    if (this.lines === '') return;
    const { lines } = this;
    this.lines = '';
    this.destination.write(lines);
  };
}
