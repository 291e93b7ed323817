import type { Figure } from '../scenario.js';
import { expectTrue } from '../wrong-answer.js';
import { fillFor } from './filler.js';
import type { Site } from './site.js';

/** Ends all tokens of an identity that has very many, with one request. */
export async function detach({ database, world, size }: Site, count: number): Promise<Figure> {
  const { api, holder, maker } = world;
  const [token] = await maker.make([holder]);
  const text = token?.text ?? '';
  await fillFor(database, holder.identityId, count);
  expectTrue(await api.isActive(text), 'a token is not good that was just made');
  const startedAt = performance.now();
  await api.good('DELETE', `/api/v1/auth/token-auth/identities/${holder.identityId}`);
  const milliseconds = performance.now() - startedAt;
  expectTrue(!(await api.isActive(text)), 'a token is good whose method was detached');
  return { name: `detach of ${count} tokens, at ${size}`, unit: 'ms', values: [milliseconds] };
}
