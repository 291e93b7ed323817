/** What keeps the embedded database from starting, in one sentence that says what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The code of a failed system call, such as `EACCES`; nothing for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Turns a failure of the file system into advice; leaves every other error as it is. */
export function adviceFor(error: unknown): unknown {
  const { syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof EmbeddedPostgresError || syscall === undefined) return error;
  const place = path === undefined ? '' : ` at ${path}`;
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL cannot keep its files (${errnoOf(error)}${place}): set EMBEDDED_DATA_DIR to a directory ` +
      'that this account can write to, or DATABASE_URL to a PostgreSQL of yours.',
    { cause: error },
  );
}
