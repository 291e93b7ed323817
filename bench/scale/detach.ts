import type { Entry } from '../entries.js';
import { expectTrue } from '../wrong-answer.js';
import { entriesAt, inTurn } from './comparison.js';
import { fillFor } from './filler.js';
import type { Site } from './site.js';

/** How often at each size; Token Auth is attached again in between. */
const ROUNDS = 25;

/** Ends all tokens of an identity that has very many, with one request, at every size in turn. */
export async function detach(sites: readonly Site[], count: number): Promise<Entry[]> {
  const times = new Map<Site, number[]>(sites.map((site) => [site, []]));
  for (const { database, world } of sites) await fillFor(database, world.holder.identityId, count);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const site of inTurn(sites, round)) times.get(site)?.push(await detachOnce(site));
  }
  return entriesAt(
    sites,
    ({ size }) => `detach of ${count} tokens, at ${size}`,
    (site) => times.get(site) ?? [],
  );
}

/** Milliseconds. */
async function detachOnce({ world: { api, holder } }: Site): Promise<number> {
  const path = `/api/v1/auth/token-auth/identities/${holder.identityId}`;
  const { accessToken } = await api.post<{ accessToken: string }>(`${path}/tokens`);
  expectTrue(await api.isActive(accessToken), 'a token is not good that was just minted');
  const startedAt = performance.now();
  await api.good('DELETE', path);
  const milliseconds = performance.now() - startedAt;
  expectTrue(!(await api.isActive(accessToken)), 'a token is good whose method was detached');
  await api.post(path);
  return milliseconds;
}
