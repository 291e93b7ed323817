import { type Command, InvalidArgumentError } from 'commander';

/** Adds `--json`. */
export const withJson = (command: Command): Command => command.option('--json', 'print JSON');

/** The option of commands that make a signing key though `KEY_ENCRYPTION_KEYS` does not open the stored ones. */
export const ENCRYPTION_KEYS_LOST = [
  '--encryption-keys-lost',
  'go on although KEY_ENCRYPTION_KEYS opens no stored key, because the keys for that are lost',
] as const;

/** Adds what a command takes that talks to a service. */
export const withService = (command: Command): Command =>
  withJson(command)
    .option('--url <url>', 'where the service is; default: TOKEN_AUTH_URL, or else http://localhost:8080')
    .option('--token-file <file>', 'file with the token to act by, - for standard input; default: TOKEN_AUTH_TOKEN')
    .option('--timeout <seconds>', 'how long to wait for the service', seconds, 30);

/** Adds what bounds the tokens of an identity. */
export const withLimits = (command: Command): Command =>
  command
    .option('--ttl <seconds>', 'how long its tokens live from their mint or renewal; 0: no limit', wholeNumber)
    .option('--max-ttl <seconds>', 'how long its tokens live at most; 0: no limit', wholeNumber)
    .option('--uses <number>', 'how often a token of it may be used; 0: any number of times', wholeNumber)
    .option('--trusted-ip <cidr>', 'where its tokens may be used from; may be repeated', oneMore);

/** A whole number that is not negative. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function seconds(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > 3600) throw new InvalidArgumentError('It must be from 1 to 3600.');
  return number;
}

/** Each use of an option adds one. */
const oneMore = (text: string, before: string[] = []): string[] => [...before, text];

/** Command lines that can be pasted, as the end of a command's help. */
export const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
