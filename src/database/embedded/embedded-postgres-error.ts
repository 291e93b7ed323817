/** What keeps the embedded database from starting, in one sentence that says what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The code of a failed system call, such as `EACCES`; nothing for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Turns a failure of the file system into advice; leaves every other error as it is. */
export function adviceFor(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EmbeddedPostgresError || !('syscall' in error)) return error;
  const place = 'path' in error && typeof error.path === 'string' ? ` at ${error.path}` : '';
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL cannot keep its files (${errnoOf(error)}${place}): set EMBEDDED_DATA_DIR to a directory ` +
      'that this account can write to, or DATABASE_URL to a PostgreSQL of yours.',
    { cause: error },
  );
}
