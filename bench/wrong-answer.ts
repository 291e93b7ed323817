/** The service answered what it must not: no figure of such a run counts. */
export class WrongAnswerError extends Error {
  override name = 'WrongAnswerError';
}

/** Fails the run unless something is so. */
export function expectTrue(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new WrongAnswerError(what);
}
