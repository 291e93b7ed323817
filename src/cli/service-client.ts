import { readFile } from 'node:fs/promises';
import { callerEnvironment } from '../config/caller-environment.js';
import { printable } from './table.js';
import type { Terminal } from './terminal.js';
import { CommandError, UsageError } from './usage-error.js';

const DEFAULT_URL = 'http://localhost:8080';
const DEFAULT_TIMEOUT_SECONDS = 30;

/** What every command takes that talks to a service. A token is never an argument, which all users of a machine see. */
export interface ServiceOptions {
  url?: string;
  tokenFile?: string;
  timeout?: number;
}

interface Request {
  method?: string;
  body?: object;
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
}

/** Speaks to a service that runs, as whoever holds the token. Neither errors nor output ever hold the token. */
export class ServiceClient {
  private constructor(
    private readonly base: URL,
    private readonly token: string,
    private readonly timeoutSeconds: number,
  ) {}

  /** By the command line, or else by the environment. */
  static async of(
    terminal: Terminal,
    { url, tokenFile, timeout = DEFAULT_TIMEOUT_SECONDS }: ServiceOptions,
  ): Promise<ServiceClient> {
    const environment = callerEnvironment(terminal.env);
    const base = baseOf(url ?? environment.url ?? DEFAULT_URL);
    const text = tokenFile === undefined ? environment.token : await readToken(terminal, tokenFile);
    if (text === undefined) {
      throw new UsageError(
        'There is no token: set TOKEN_AUTH_TOKEN, or say --token-file <file>, where - is standard input',
      );
    }
    return new ServiceClient(base, tokenOf(text), timeout);
  }

  async send<T>(path: string, { method = 'GET', body, query = {}, headers = {} }: Request = {}): Promise<T> {
    const url = new URL(`api/v1/${path}`, this.base);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const response = await this.fetch(url, {
      method,
      // Elsewhere the token is nobody's business.
      redirect: 'error',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${this.token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    return response as T;
  }

  private async fetch(url: URL, init: RequestInit): Promise<unknown> {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(this.timeoutSeconds * 1000) });
      const answer = parsed(await response.text());
      if (response.ok && answer !== undefined) return answer;
      throw new CommandError(refusal(response.status, answer));
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw new CommandError(`No answer from ${this.base.origin}: ${reasonOf(error, this.timeoutSeconds)}`);
    }
  }
}

/** An id as a part of a path. What is none, such as the text of a token, is neither sent nor shown. */
export function idOf(text: string): string {
  if (!/^[\w-]{1,64}$/.test(text))
    throw new UsageError('An id was expected, such as 0198f3a2-5c1e-7b1d-9a53-3f0c2d1e4b5a');
  return text;
}

/** Credentials in an address would be seen where tokens are not, and a path is where an ingress has put the service. */
function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UsageError('The URL of the service must start with http:// or https://, and hold no credentials');
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function readToken(terminal: Terminal, file: string): Promise<string> {
  if (file === '-') return terminal.read();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`The token could not be read from ${file} (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** What can't be a token is not sent: the error about a header that is none would show it. */
function tokenOf(text: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new CommandError('What was given as the token is none');
  return token;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The one error shape of the API; of anything else, such as a proxy's page, the status. */
function refusal(status: number, answer: unknown): string {
  const { message, reqId } = (answer ?? {}) as { message?: unknown; reqId?: unknown };
  if (message === undefined || typeof reqId !== 'string') return `The answer was ${status}, and not the service's`;
  return printable(`${told(message)} (${status}, ${reqId})`);
}

/** A sentence, or what is wrong with each field. */
function told(message: unknown): string {
  if (!Array.isArray(message)) return typeof message === 'string' ? message : JSON.stringify(message);
  return (message as { path?: unknown[]; message?: string }[])
    .map(({ path = [], message: complaint }) => [path.join('.'), complaint].filter(Boolean).join(': '))
    .join('; ');
}

function reasonOf(error: unknown, timeoutSeconds: number): string {
  const { name, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `nothing came within ${timeoutSeconds} seconds`;
  return cause?.code ?? cause?.message ?? name;
}
