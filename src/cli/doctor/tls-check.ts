import { X509Certificate } from 'node:crypto';
import { readTls, TlsError, type TlsFiles } from '../../common/http/tls.js';
import { fault, type Finding, ok, warning } from './finding.js';

const DAY_MS = 86_400_000;

/** Whoever renews certificates does so before. */
const SOON_DAYS = 7;

/** What the files for HTTPS say, where the service is to speak it. */
export function tlsFindings(files: TlsFiles | null, now: Date): Finding[] {
  if (files === null) return [];
  try {
    return [validityFinding(new X509Certificate(readTls(files).cert), now)];
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    return [fault('tls', error.message, 'Mend the files: the service does not start with them')];
  }
}

export function validityFinding(
  { validFrom, validTo }: Pick<X509Certificate, 'validFrom' | 'validTo'>,
  now: Date,
): Finding {
  const check = 'tls';
  const remedy = 'Renew it, or look why nobody did; a new one is loaded without a restart';
  if (now < new Date(validFrom)) return fault(check, `the certificate is not good before ${validFrom}`, remedy);
  const left = new Date(validTo).getTime() - now.getTime();
  if (left <= 0) return fault(check, `the certificate has expired (${validTo})`, remedy);
  if (left < SOON_DAYS * DAY_MS) return warning(check, `the certificate expires soon (${validTo})`, remedy);
  return ok(check, `the certificate belongs to its key and is good until ${validTo}`);
}
