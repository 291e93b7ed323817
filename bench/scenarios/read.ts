import { load } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import { expectTrue } from '../wrong-answer.js';

/** The bearer check before a management route that reads one row: a token's record. */
export function reads({ world, replica, extents }: Stage): Scenario[] {
  const { admin, api, lasting } = world;
  const measure = async () => {
    const id = lasting[0]?.id ?? '';
    const { token } = await api.get<{ token: { id: string; identityId: string } }>(
      `/api/v1/auth/token-auth/tokens/${id}`,
    );
    expectTrue(token.id === id && token.identityId === world.holder.identityId, `the record of ${id} is another's`);
    return load({
      server: replica,
      extent: extents.extent,
      shots: (connection) => shareOf(lasting, connection).map((each) => shotOf.read(admin, each.id)),
      isRight: (body) => body.includes('"isAccessTokenRevoked":false') && body.includes(world.holder.identityId),
    });
  };
  return [{ name: 'management read', unit: 'requests/s', measure }];
}
