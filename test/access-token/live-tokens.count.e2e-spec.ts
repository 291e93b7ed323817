import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { LiveTokens } from '../../src/access-token/mint/live-tokens.service.js';
import { newId } from '../../src/common/random-id.js';
import { poolOf } from '../../src/database/pool.js';
import type { Prepared } from '../../src/database/prepared.js';
import { TestApp } from '../support/test-app.js';

interface Counting extends Prepared {
  /** The identities first. */
  values: string[][];
}

describe('the count of live tokens', () => {
  const MOST = 500;
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_LIVE_TOKENS_PER_IDENTITY: String(MOST) } });
  });
  afterAll(() => app.stop());

  /** For which identities each count is asked. */
  const asked: string[][] = [];
  let isFailing = false;
  beforeAll(() => {
    const pool = poolOf(app.db);
    const query = pool.query.bind(pool) as (statement: Counting) => unknown;
    jest.spyOn(pool, 'query').mockImplementation(((statement: Counting) => {
      if (statement.name !== 'count_live_tokens') return query(statement);
      asked.push(statement.values[0] ?? []);
      return isFailing ? Promise.reject(new Error('too many to count')) : query(statement);
    }) as typeof pool.query);
  });
  const countsOf = (id: string): number => asked.flat().filter((one) => one === id).length;

  it('is repeated once as many were minted as may matter, however old it is', async () => {
    // Counted at the first mint, which is also the first of those that came since.
    const { id } = await app.given.identity();
    const mintLater = async (times: number) => {
      for (let time = 1; time <= times; time += 1) {
        app.clock.advance(61);
        await app.given.mint(id);
      }
    };
    await mintLater(MOST / 100 - 1);
    expect(countsOf(id)).toBe(1);
    await mintLater(1);
    expect(countsOf(id)).toBe(2);
    await mintLater(1);
    expect(countsOf(id)).toBe(2);
  });

  it('is tried again after a minute where it failed, and that is told once a minute', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const told = () => warn.mock.calls.flat().filter((message) => String(message).startsWith('live tokens'));
    isFailing = true;
    const [{ id }, other] = [await app.given.identity(), await app.given.identity()];
    for (let time = 1; time <= 19; time += 1) await app.given.mint(id);
    expect([countsOf(id), countsOf(other.id)]).toEqual([1, 1]);
    expect(told()).toEqual(['live tokens could not be counted: Error ']);
    app.clock.advance(60);
    await app.given.mint(id);
    await app.given.mint(id);
    expect(countsOf(id)).toBe(2);
    expect(told()).toHaveLength(2);
    isFailing = false;
    app.clock.advance(60);
    await app.given.mint(id);
    await app.given.mint(id);
    expect(countsOf(id)).toBe(3);
    warn.mockRestore();
  });

  it('takes few identities at a time, so that one with too many tokens fails few others', async () => {
    const ids = Array.from({ length: 30 }, () => newId());
    const { organizationId } = await app.given.root();
    const place = { organizationId, rootOrganizationId: organizationId };
    const before = asked.length;
    await Promise.all(ids.map((identityId) => app.nest.get(LiveTokens).checkRoom({ identityId, ...place })));
    while (ids.some((id) => countsOf(id) === 0)) await setImmediate();
    expect(asked.slice(before).map(({ length }) => length)).toEqual([8, 8, 8, 6]);
  });
});
