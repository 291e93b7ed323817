import { jwtVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { load } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import { spread } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';

const RENEWED = 512;

/** Tokens that are given more time, each on a connection of its own. */
export async function renewals({ world, replica, extents }: Stage): Promise<Scenario[]> {
  const { api, maker, holder } = world;
  const tokens = await maker.make(spread([holder], RENEWED));
  const measure = async () => {
    const [first] = tokens;
    const { accessToken, expiresIn } = await api.post<{ accessToken: string; expiresIn: number }>(
      '/api/v1/auth/token/renew',
      { accessToken: first?.text },
    );
    const keys = createLocalJWKSet(await api.get<JSONWebKeySet>('/.well-known/jwks.json'));
    const { payload } = await jwtVerify(accessToken, keys);
    const isRenewed = payload.jti === first?.id && (payload.exp ?? 0) - (payload.iat ?? 0) === expiresIn;
    expectTrue(isRenewed && (await api.isActive(accessToken)), 'a renewed text is not good');
    return load({
      server: replica,
      extent: extents.extent,
      shots: (connection) => shareOf(tokens, connection).map(shotOf.renew),
    });
  };
  return [{ name: 'renew', unit: 'requests/s', measure }];
}
