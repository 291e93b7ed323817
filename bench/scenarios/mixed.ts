import { CONNECTIONS, load, type Shot } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import { type MadeToken, spread } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';

/** Of a hundred requests. */
const SHARES = { introspect: 90, mint: 5, read: 4, revoke: 1 };

const COUNT_REVOKED =
  'SELECT count(*)::float8 AS count FROM access_token WHERE id = ANY ($1) AND revoked_at IS NOT NULL';

interface Revocations {
  /** The token that is revoked next. */
  next: () => string;
  /** Tokens whose revocation was answered. */
  acknowledged: Set<string>;
}

/** What a platform does all day: verifiers ask, and beside them tokens are minted, looked at and revoked. */
export function mixtures(stage: Stage): Scenario[] {
  const { database, world, replica, extents } = stage;
  const measure = async () => {
    const doomed = await world.maker.make(spread([world.holder], extents.doomed));
    let next = 0;
    const revocations: Revocations = {
      next: () => doomed[next++ % doomed.length]?.id ?? '',
      acknowledged: new Set(),
    };
    const result = await load({
      server: replica,
      extent: extents.extent,
      shots: (connection) => shotsOf(stage, connection, revocations),
    });
    const acknowledged = [...revocations.acknowledged];
    const [row] = await database.query<{ count: number }>(COUNT_REVOKED, [acknowledged]);
    expectTrue(
      acknowledged.length > 0 && row?.count === acknowledged.length,
      `${acknowledged.length} revocations were acknowledged and ${row?.count} are there`,
    );
    return result;
  };
  return [{ name: 'mixed 90/5/4/1', unit: 'requests/s', measure }];
}

/** A hundred requests in the right shares, begun at another place on each connection. */
function shotsOf({ world }: Stage, connection: number, revocations: Revocations): Shot[] {
  const { admin, verifier, holder, lasting } = world;
  const own = shareOf(lasting, connection);
  const tokenAt = (index: number): MadeToken => own[index % own.length];
  const introspect = Array.from({ length: SHARES.introspect }, (_, index) =>
    shotOf.introspect(verifier, tokenAt(index)),
  );
  const others = [
    ...Array.from({ length: SHARES.mint }, () => shotOf.mint(admin, holder.identityId)),
    ...Array.from({ length: SHARES.read }, (_, index) => shotOf.read(admin, tokenAt(index).id, holder.identityId)),
    ...Array.from({ length: SHARES.revoke }, () => revokeNext(world, revocations)),
  ];
  const gap = introspect.length / others.length;
  const mixed = others.flatMap((other, index) => [
    ...introspect.slice(Math.round(index * gap), Math.round((index + 1) * gap)),
    other,
  ]);
  const start = (connection * mixed.length) / CONNECTIONS;
  return [...mixed.slice(start), ...mixed.slice(0, start)];
}

/** Each time that it is sent, it is about another token. */
const revokeNext = ({ admin }: Stage['world'], { next, acknowledged }: Revocations): Shot => {
  let tokenId = '';
  return {
    ...shotOf.revoke(admin, ''),
    setupRequest: (request) => {
      tokenId = next();
      return { ...request, ...shotOf.revoke(admin, tokenId) };
    },
    onResponse: (status) => {
      if (status === 200) acknowledged.add(tokenId);
    },
  };
};
