/** The server that was reached only follows another one. */
export class StandbyError extends Error {
  constructor() {
    super('The database server is in recovery; DATABASE_URL must name the primary');
  }
}

/** SQLSTATE classes and codes (PostgreSQL, appendix A) that mean: not now. */
const UNAVAILABLE = /^(08|53|57P|58)|^(57014|55P03|25006|40001|40P01|25P02|25P03)$/;
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
/** What the driver says of a lost connection, and what TypeORM says of its next use. */
const MESSAGES =
  /timeout exceeded when trying to connect|^timeout expired$|Connection terminated|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end|Client was closed|[Qq]uery runner (was )?already released/;

/** PostgreSQL's warnings when a wait for a standby is broken off: what was committed may be lost with this server. */
const NOT_REPLICATED = new Set(['01000', '57P01']);

/** Whether a notice says that a commit, though it will be reported as done, was not confirmed by a standby. */
export const saysUnconfirmed = ({ code }: { code?: string }): boolean => NOT_REPLICATED.has(code ?? '');

const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? '';

/** An error of the driver or the network, told by its shape: TypeORM and Node wrap them in several ways. */
interface FailedQuery {
  message?: string;
  cause?: unknown;
  errors?: unknown;
  driverError?: unknown;
}

/** Whether the database could not be reached, or could not answer in time: all or nothing happened. */
export function isUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message = '', cause, errors = [], driverError } = error as FailedQuery;
  const code = codeOf(error);
  if (error instanceof StandbyError || UNAVAILABLE.test(code) || NETWORK.has(code) || MESSAGES.test(message))
    return true;
  return [errors].flat().some(isUnavailable) || isUnavailable(driverError) || isUnavailable(cause);
}

/** Returns true if no connection of the pool became free in time. The message is pg-pool's for requests that wait. */
export function isPoolExhausted(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message, cause, driverError } = error as FailedQuery;
  if (message === 'timeout exceeded when trying to connect') return true;
  return isPoolExhausted(cause) || isPoolExhausted(driverError);
}

/** Whether PostgreSQL broke a deadlock or a serialization conflict by ending this transaction: it may be run again. */
export const isConflict = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error));

/** Whether somebody held for too long what was to be locked; nothing happened. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';

/** Whether a statement was ended because it took too long, for a lock or for anything else. */
export const isTimeout = (error: unknown): boolean => isLockTimeout(error) || codeOf(error) === '57014';

const constraintOf = (error: unknown): string | undefined =>
  (error as { driverError?: { constraint?: string } } | null)?.driverError?.constraint;

/** Whether a unique constraint of that name was broken. */
export const isDuplicate = (error: unknown, constraint: string): boolean =>
  codeOf(error) === '23505' && constraintOf(error) === constraint;

/** Whether a row was to go that others still refer to by the foreign key of that name. */
export const isReferenced = (error: unknown, constraint: string): boolean =>
  ['23001', '23503'].includes(codeOf(error)) && constraintOf(error) === constraint;
