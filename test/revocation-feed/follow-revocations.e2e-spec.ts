import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { poolOf } from '../../src/database/pool.js';
import { EventStream, type ServerEvent } from '../support/event-stream.js';
import { TestApp } from '../support/test-app.js';
import { watchedOrganization } from '../support/watched-organization.js';

const STREAM = '/api/v1/revocations/stream';
const isHeartbeat = ({ event }: ServerEvent) => event === 'heartbeat';
const keysOf = (events: ServerEvent[]): string[] =>
  events.flatMap(({ event, data }) => (event === 'entries' ? data.entries.map(({ key }: { key: string }) => key) : []));
const names = (key: string) => (event: ServerEvent) => keysOf([event]).includes(key);

describe('GET /api/v1/revocations/stream', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_STREAMS_PER_IDENTITY: '3' } });
  });
  afterAll(() => app.stop());

  const follow = (token: string, headers = {}) => EventStream.open(`${app.origin}${STREAM}`, token, headers);
  const verifier = () => app.given.identity({ role: 'verifier' });
  const revoke = async (tokenId: string, by?: string) => {
    const token = by ?? (await app.given.root()).token;
    const answer = await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token });
    expect(answer.status).toBe(200);
  };

  describe('200', () => {
    it('begins with a reset, all that matters, and a heartbeat', async () => {
      const { tokenId } = await app.given.identity();
      await revoke(tokenId);
      const stream = await follow((await verifier()).token);
      expect(stream.status).toBe(200);
      expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(stream.headers.get('cache-control')).toBe('no-store');
      expect(stream.headers.get('x-request-id')).toMatch(/^req-/);
      const events = await stream.until(isHeartbeat);
      expect(events[0]?.event).toBe('reset');
      expect(keysOf(events)).toContain(tokenId);
      expect(events.at(-1)).toEqual({ event: 'heartbeat', id: expect.any(String), data: { asOf: expect.any(Number) } });
      await stream.close();
    });

    it('hands on what is revoked, and says with a later heartbeat that this was all', async () => {
      const stream = await follow((await verifier()).token);
      const [first] = (await stream.until(isHeartbeat)).slice(-1);
      const { tokenId } = await app.given.identity();
      await revoke(tokenId);
      await stream.until(names(tokenId));
      const later = await stream.until(({ event, data }) => event === 'heartbeat' && data.asOf > first?.data.asOf);
      expect(keysOf(later)).not.toContain(tokenId);
      await stream.close();
    });

    it('goes on after the last event that was received', async () => {
      const { token } = await verifier();
      const stream = await follow(token);
      const { id = '' } = (await stream.until(isHeartbeat)).at(-1) ?? {};
      await stream.close();
      const { tokenId } = await app.given.identity();
      await revoke(tokenId);
      const again = await follow(token, { 'last-event-id': id });
      const events = await again.until(isHeartbeat);
      expect(events.map(({ event }) => event)).not.toContain('reset');
      expect(keysOf(events)).toContain(tokenId);
      await again.close();
    });

    it.each(['junk', '00000000000000000000000000000000-00000001.5'])(
      'starts anew after the unknown event %s',
      async (id) => {
        const stream = await follow((await verifier()).token, { 'last-event-id': id });
        expect((await stream.next())?.event).toBe('reset');
        await stream.close();
      },
    );

    it('waits for no other follower, and sends those away that read nothing while more and more comes', async () => {
      const own = await TestApp.start();
      await addEntries(own, 20_000);
      // So many at once end every stream; these are to be there before the first.
      await own.catchUp();
      const sockets: Socket[] = [];
      own.nest.getHttpServer().on('connection', (socket: Socket) => sockets.push(socket));
      const stuck = await Promise.all(Array.from({ length: 6 }, () => readsNothing(own)));
      while (sockets.filter(({ writableLength }) => writableLength > 0).length < stuck.length) await setImmediate();
      const follower = await EventStream.open(
        `${own.origin}${STREAM}`,
        (await own.given.identity({ role: 'verifier' })).token,
      );
      await follower.until(isHeartbeat);
      await follower.close();
      for (const count of [6000, 6000]) {
        await addEntries(own, count);
        await own.catchUp();
      }
      while (sockets.some(({ writableLength }) => writableLength > 0)) await setImmediate();
      await own.stop();
    });

    it('tells an organization of itself and of those below, and nothing of others', async () => {
      const root = await app.given.root();
      const member = await app.given.identity();
      const [sub, neighbour] = [await watchedOrganization(app, member.id), await watchedOrganization(app, member.id)];
      const other = await app.given.otherRoot();
      const [foreign, ofRoot, wide] = [
        await app.given.identity({}, other),
        await app.given.identity(),
        await app.given.identity(),
      ];
      await app.given.membership(sub.id, wide.id, 'no-access');
      await app.given.mint(wide.id, { organizationSlug: sub.slug });
      const elsewhere = await app.given.identity();
      const streams = await Promise.all([(await verifier()).token, sub.follower].map((token) => follow(token)));
      for (const stream of streams) await stream.until(isHeartbeat);
      // What one read of the log finds comes in any order.
      for (const [id, by] of [
        [foreign.tokenId, other.token],
        [neighbour.tokenId, neighbour.admin],
        [ofRoot.tokenId, root.token],
        [sub.tokenId, sub.admin],
      ] as const) {
        await revoke(id, by);
        await app.catchUp();
      }
      for (const { id } of [elsewhere, wide]) {
        await app.http.delete(`/api/v1/identities/${id}`, { token: root.token });
        await app.catchUp();
      }
      const [toRoot, toSub] = await Promise.all(
        streams.map(async (stream) => keysOf(await stream.until(names(wide.id)))),
      );
      expect(toRoot).toEqual([neighbour.tokenId, ofRoot.tokenId, sub.tokenId, elsewhere.id, wide.id]);
      expect(toSub).toEqual([sub.tokenId, wide.id]);
      for (const stream of streams) await stream.close();
    });

    it('asks the database nothing for a follower that is up to date', async () => {
      const streams = await Promise.all(Array.from({ length: 30 }, async () => follow((await verifier()).token)));
      for (const stream of streams) await stream.until(isHeartbeat);
      const { tokenId } = await app.given.identity();
      let lent = 0;
      poolOf(app.db).on('acquire', () => (lent += 1));
      await revoke(tokenId);
      for (const stream of streams) await stream.until(names(tokenId));
      for (const stream of streams) await stream.until(isHeartbeat);
      // The read of the log has a connection of its own, which every replica keeps anyway.
      expect(lent).toBeLessThan(streams.length);
      for (const stream of streams) await stream.close();
    });
  });

  describe('ends', () => {
    it('when its caller is revoked', async () => {
      const { token, tokenId } = await verifier();
      const stream = await follow(token);
      await stream.until(isHeartbeat);
      await revoke(tokenId);
      await stream.ended();
    });

    it('when its caller expires', async () => {
      const own = await TestApp.start();
      const { token } = await own.given.identity({ role: 'verifier', config: { accessTokenTTL: 60 } });
      const stream = await EventStream.open(`${own.origin}${STREAM}`, token);
      await stream.until(isHeartbeat);
      own.clock.advance(60);
      await stream.ended();
      await own.stop();
    });

    it('when its caller may not follow any more', async () => {
      const { id, token } = await verifier();
      const stream = await follow(token);
      await stream.until(isHeartbeat);
      const admin = await app.given.root();
      await app.http.patch(`/api/v1/identities/${id}`, { token: admin.token, body: { role: 'no-access' } });
      await stream.ended();
    });

    it('when positions lose their meaning; the next one starts anew', async () => {
      const { token } = await verifier();
      const stream = await follow(token);
      const { id = '' } = (await stream.until(isHeartbeat)).at(-1) ?? {};
      await app.db.query('UPDATE instance SET incarnation = uuidv7()');
      await app.catchUp();
      await stream.ended();
      const again = await follow(token, { 'last-event-id': id });
      expect((await again.next())?.event).toBe('reset');
      await again.close();
    });

    it('when the service stops, and holds nothing up', async () => {
      const own = await TestApp.start();
      const { token } = await own.given.identity({ role: 'verifier' });
      const stream = await EventStream.open(`${own.origin}${STREAM}`, token);
      await stream.until(isHeartbeat);
      const stopped = own.nest.close();
      await stream.ended();
      await stopped;
      await own.stop();
    });

    it('when its client reads nothing any more, before that costs memory without bound', async () => {
      const socket = await readsNothing(app);
      const ended = once(socket, 'close');
      await addEntries(app, 9000, { length: 1000, seconds: 0 });
      await app.catchUp();
      socket.resume();
      await ended;
    });
  });

  describe('403', () => {
    it('is for a caller that may not follow', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      expect((await app.http.get(STREAM, { token })).body.error).toBe('PermissionDenied');
    });
  });

  describe('429', () => {
    it('is for a stream too many of one identity, until one ends', async () => {
      const { token } = await verifier();
      const streams = [await follow(token), await follow(token), await follow(token)];
      const answer = await app.http.get(STREAM, { token });
      expect(answer).toMatchObject({ status: 429, body: { error: 'RateLimitExceeded' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      await streams.pop()?.close();
      while ((await app.http.get(STREAM, { token })).status === 429);
      for (const stream of streams) await stream.close();
    });

    it('counts the streams of an identity in each organization apart', async () => {
      const { id, token } = await verifier();
      const { follower } = await watchedOrganization(app, id);
      const streams = [await follow(follower), await follow(follower), await follow(follower)];
      expect((await app.http.get(STREAM, { token: follower })).status).toBe(429);
      const own = await follow(token);
      expect(own.status).toBe(200);
      for (const stream of [own, ...streams]) await stream.close();
    });
  });
});

/** Entries that concern everybody, with keys of so many characters; who comes later than those seconds misses them. */
async function addEntries({ db, clock }: TestApp, count: number, { length = 500, seconds = 3600 } = {}): Promise<void> {
  await db.query(
    `INSERT INTO revocation (transaction_id, effect, scope, key, keep_until, created_at)
     SELECT pg_current_xact_id()::text::bigint, 'changed', 'token', repeat('x', $3), $1::timestamptz + make_interval(secs => $4), $1
     FROM generate_series(1, $2)`,
    [clock.now(), count, length, seconds],
  );
}

/** A follower that was let in, and takes nothing of what comes then. */
async function readsNothing(app: TestApp): Promise<Socket> {
  const { token } = await app.given.identity({ role: 'verifier' });
  const socket = connect(Number(new URL(app.origin).port), '127.0.0.1');
  socket.write(`GET ${STREAM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
  await once(socket, 'data');
  return socket.pause();
}
