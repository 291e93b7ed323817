import type { Api } from '../api.js';
import { type MadeToken, spread } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';
import type { FilledToken } from './filled-tokens.js';
import type { Site } from './site.js';

type Act = () => Promise<unknown>;

const each = <T>(things: readonly T[], act: (thing: T) => Promise<unknown>): Act[] =>
  things.map((thing) => () => act(thing));

/** What a busy service does all the time, each so often, each time with another token. */
export async function hotDeeds({ tokens, world }: Site, api: Api, count: number): Promise<Record<string, Act[]>> {
  const { admin, holder, maker } = world;
  const path = '/api/v1/auth/token-auth';
  const made = (numUsesLimit = 0): Promise<MadeToken[]> => maker.make(spread([holder], count), { numUsesLimit });
  const ofMany = (): Promise<FilledToken[]> => tokens.take(count, 'root');
  const find = async (token: string, consume: boolean): Promise<void> => {
    const { active } = await api.post<{ active: boolean }>('/oauth2/introspect', { token, consume });
    expectTrue(active, 'a good token is not active');
  };
  return {
    mint: Array.from({ length: count }, () => () => api.post(`${path}/identities/${admin.identityId}/tokens`)),
    introspect: each(await ofMany(), ({ id, identityId, iat, exp }) =>
      find(maker.textOf(id, { ...holder, identityId }, { iat, exp }), false),
    ),
    'introspect, known identity': each(await made(), ({ text }) => find(text, false)),
    use: each(await made(count), ({ text }) => find(text, true)),
    renew: each(await made(), ({ text }) => api.post('/api/v1/auth/token/renew', { accessToken: text })),
    read: each(await ofMany(), ({ id }) => api.get(`${path}/tokens/${id}`)),
    list: each(await ofMany(), ({ identityId }) => api.get(`${path}/identities/${identityId}/tokens`)),
    rename: each(await ofMany(), ({ id }) => api.good('PATCH', `${path}/tokens/${id}`, { name: 'renamed' })),
    revoke: each(await tokens.take(count, 'doomed'), ({ id }) => api.post(`${path}/tokens/${id}/revoke`)),
  };
}
