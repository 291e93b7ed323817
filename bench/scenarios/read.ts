import { load } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';

/** The bearer check before a management route that reads one row: a token's record. */
export function reads({ world, replica, extents }: Stage): Scenario[] {
  const { admin, holder, lasting } = world;
  const measure = () =>
    load({
      server: replica,
      extent: extents.extent,
      shots: (connection) => shareOf(lasting, connection).map(({ id }) => shotOf.read(admin, id, holder.identityId)),
    });
  return [{ name: 'management read', unit: 'requests/s', measure }];
}
