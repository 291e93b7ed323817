import { runCommand } from '../../src/cli/commands.js';

/** What a command came to. */
export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command of the command line in this process, with nothing in its environment but what is given. */
export async function commandLine(
  args: readonly string[],
  { env = {}, stdin = '' }: { env?: Record<string, string>; stdin?: string } = {},
): Promise<Ended> {
  const ended = { stdout: '', stderr: '' };
  const status = await runCommand(args, {
    out: (text) => void (ended.stdout += text),
    err: (text) => void (ended.stderr += text),
    read: async () => stdin,
    env,
  });
  return { status, ...ended };
}
