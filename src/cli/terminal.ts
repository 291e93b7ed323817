/** What a shell says of a process that SIGPIPE has ended. */
const BROKEN_PIPE = 141;

/** What a command reads and writes. Standard output is for what was asked for, and for nothing else. */
export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** All of standard input. */
  read: () => Promise<string>;
  /** Absent: that of the process. */
  env?: NodeJS.ProcessEnv;
}

/** Ends the process without a word, as SIGPIPE would, once nobody reads its output: `token-auth … | head -n 1`. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(BROKEN_PIPE);
    throw error;
  });
}

/** That of this process. */
export const PROCESS: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  read: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  },
};

export interface OutputOptions {
  json?: boolean;
}

/** What a command came to: a text for people, or with `--json` the thing itself. */
export function answer({ out }: Terminal, { json }: OutputOptions, thing: unknown, text: string): void {
  out(`${json ? JSON.stringify(thing, null, 2) : text}\n`);
}
