import type { Answer } from './http-client.js';

/** The one error shape of the API, with nothing beside what belongs to it. */
export const refusal = (statusCode: number, error: string, message: unknown = expect.any(String)) => ({
  status: statusCode,
  body: { reqId: expect.stringMatching(/^req-[A-Za-z0-9]{14}$/), statusCode, error, message },
});

/** An answer without the headers, for comparison. */
export const told = ({ status, body }: Answer) => ({ status, body });

/** The status of each answer and how often it came. */
export const tally = (answers: Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** The first key of every failure that a 422 lists, each once. */
export const failedKeys = ({ body }: Answer): string[] =>
  [...new Set((body.message as { path: unknown[] }[]).map(({ path }) => String(path[0])))].toSorted();

/** The error shape of everything below `/oauth2`, with nothing beside what belongs to it. */
export const oauthRefusal = (status: number, error: string, description: unknown = expect.any(String)) => ({
  status,
  body: { error, error_description: description },
});
