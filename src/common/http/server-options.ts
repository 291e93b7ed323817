import type { ServerOptions } from 'node:https';
import { readTls, type TlsFiles } from './tls.js';

/** The request hook checks Host, because Node.js answers a request without one with an empty body. */
export const PARSER_OPTIONS = { requireHostHeader: false };

/** How often Node looks for clients that are too slow, in milliseconds. */
const CHECK_SLOW_CLIENTS_MS = 1000;

interface Settings {
  /** Seconds. */
  REQUEST_TIMEOUT: number;
  tlsFiles: TlsFiles | null;
}

/** What the server below Fastify is made with: HTTPS where there are files for it. */
export function serverOptions({ REQUEST_TIMEOUT, tlsFiles }: Settings): { http: object } | { https: ServerOptions } {
  const headersTimeout = REQUEST_TIMEOUT * 1000;
  const bounds = { ...PARSER_OPTIONS, headersTimeout, connectionsCheckingInterval: CHECK_SLOW_CLIENTS_MS };
  if (!tlsFiles) return { http: bounds };
  const requestCert = tlsFiles.clientCa !== undefined;
  return { https: { ...bounds, ...readTls(tlsFiles), handshakeTimeout: headersTimeout, requestCert } };
}
