import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import type { Gauge } from 'prom-client';

/** How often the files are looked at. A file that is put in another's place tells nobody, so no watcher would do. */
const CHECK_MS = 1000;

/** Where the service's certificate is, its key, and whoever signs the certificates that clients must have. */
export interface TlsFiles {
  cert: string;
  key: string;
  /** Absent: clients need no certificate. */
  clientCa?: string;
}

/** What is in them. */
interface TlsContent extends SecureContextOptions {
  cert: string;
  key: string;
  ca?: string;
}

/** When the certificate of that variable ends, in seconds since 1970. */
type ExpiryGauge = Pick<Gauge<'variable'>, 'set'>;

/** What is in the files is of no use. The message says in which, and why; it holds nothing of a key. */
export class TlsError extends Error {}

/** Reads the files for a start; refuses what no client could be answered with. */
export function readTls({ cert, key, clientCa }: TlsFiles): TlsContent {
  const ca = clientCa === undefined ? {} : { ca: read('TLS_CLIENT_CA_FILE', clientCa) };
  return checked({ cert: read('TLS_CERT_FILE', cert), key: read('TLS_KEY_FILE', key), ...ca });
}

const read = (variable: string, path: string): string =>
  understood(`${variable} can not be read`, () => readFileSync(path, 'utf8'));

/**
 * Has new connections use what is in the files as it changes, until the server closes. What is broken, such as a key
 * that is not there yet for a certificate that is, is logged, and what came before stays.
 */
export function keepTlsFresh(server: Server, files: TlsFiles, expiry: ExpiryGauge, log: Logger): void {
  const first = readTls(files);
  tellExpiry(expiry, first);
  let seen = JSON.stringify(first);
  const check = async (): Promise<void> => {
    const found = await contentOf(files).catch((error: unknown) => error as Error);
    const state = found instanceof Error ? found.message : JSON.stringify(found);
    if (state === seen) return;
    seen = state;
    try {
      if (found instanceof Error) throw found;
      server.setSecureContext(checked(found));
      tellExpiry(expiry, found);
      log.info({ validTo: new X509Certificate(found.cert).validTo }, 'the TLS certificate was loaded anew');
    } catch (error) {
      log.error({ err: error }, 'the TLS files are broken; what was loaded before stays in use');
    }
  };
  const timer = setInterval(() => void check(), CHECK_MS).unref();
  server.once('close', () => clearInterval(timer));
}

function tellExpiry(expiry: ExpiryGauge, { cert, ca }: TlsContent): void {
  for (const [variable, text] of Object.entries({ TLS_CERT_FILE: cert, TLS_CLIENT_CA_FILE: ca }))
    if (text !== undefined) expiry.set({ variable }, Date.parse(new X509Certificate(text).validTo) / 1000);
}

async function contentOf({ cert, key, clientCa }: TlsFiles): Promise<TlsContent> {
  const [certText, keyText, ca] = await Promise.all(
    [cert, key, clientCa].map(async (path) => (path === undefined ? undefined : readFile(path, 'utf8'))),
  );
  return { cert: certText ?? '', key: keyText ?? '', ...(ca === undefined ? {} : { ca }) };
}

/** Throws unless certificate and key can be used and belong together; Node would take an empty file for none. */
function checked(content: TlsContent): TlsContent {
  const certificate = understood('TLS_CERT_FILE holds no certificate', () => new X509Certificate(content.cert));
  const key = understood('TLS_KEY_FILE holds no private key, or one with a passphrase', () =>
    createPrivateKey(content.key),
  );
  if (!certificate.checkPrivateKey(key)) throw new TlsError('TLS_KEY_FILE holds the key of another certificate');
  const { ca } = content;
  if (ca !== undefined) understood('TLS_CLIENT_CA_FILE holds no certificate', () => new X509Certificate(ca));
  understood('The TLS files can not be used', () => createSecureContext(content));
  return content;
}

function understood<T>(complaint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TlsError(`${complaint} (${(error as Error).message})`, { cause: error });
  }
}
