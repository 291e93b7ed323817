import type pg from 'pg';
import { type PoolingFacts, poolingFindings, probePooling } from './pooling.js';

interface Server {
  mode: 'none' | 'session' | 'transaction' | 'statement';
  settings?: Record<string, string>;
  /** Whether the pooler makes a named statement known again elsewhere. */
  keepsPrepared?: boolean;
}

/** Server connections by number, given to clients as a pooler of that mode does. */
function connector({ mode, settings = {}, keepsPrepared = false }: Server) {
  const busy = new Set<number>();
  const prepared = new Map<number, Set<string>>();
  let made = 0;
  let ended = 0;
  const free = (): number => [1, 2, 3, 4, 5, 6].find((pid) => !busy.has(pid)) ?? 0;
  const connect = async (): Promise<pg.Client> => {
    made += 1;
    const isFixed = mode === 'none' || mode === 'session';
    const known = new Set<string>();
    let own: number | null = isFixed ? free() : null;
    if (own !== null) busy.add(own);
    const query = async (statement: string | { name: string }) => {
      const pid = own ?? free();
      if (statement === 'BEGIN') {
        if (mode === 'statement') throw new Error('transaction blocks not allowed in statement pooling mode');
        own = pid;
        busy.add(pid);
      }
      if (typeof statement === 'object') {
        const there = prepared.get(pid) ?? new Set();
        // The driver sends the text once, and then the name alone.
        if (known.has(statement.name) && !there.has(statement.name) && !keepsPrepared) throw new Error('26000');
        known.add(statement.name);
        prepared.set(pid, there.add(statement.name));
      } else if (statement.includes('pg_settings'))
        return { rows: Object.entries(settings).map(([name, value]) => ({ name, value })) };
      return { rows: [{ pid }] };
    };
    const end = async () => void (ended += 1);
    return { processID: mode === 'none' ? own : 99_999, query, end } as unknown as pg.Client;
  };
  return { connect, isAllClosed: () => made === ended };
}

const probe = async (server: Server, asked = {}): Promise<PoolingFacts> => {
  const { connect, isAllClosed } = connector(server);
  const facts = await probePooling(connect, asked);
  expect(isAllClosed()).toBe(true);
  return facts;
};

describe('probePooling', () => {
  const NONE = { isPooled: false, isShared: false, isByStatement: false, keepsPrepared: null, lostSettings: [] };

  it.each([
    [{ mode: 'none' }, {}],
    [{ mode: 'session' }, { isPooled: true }],
    [{ mode: 'transaction' }, { isPooled: true, isShared: true, keepsPrepared: false }],
    [
      { mode: 'transaction', keepsPrepared: true },
      { isPooled: true, isShared: true, keepsPrepared: true },
    ],
    [{ mode: 'statement' }, { isPooled: true, isShared: true, isByStatement: true }],
  ] as [Server, Partial<PoolingFacts>][])('tells %j', async (server, seen) => {
    expect(await probe(server)).toEqual({ ...NONE, ...seen });
  });

  it('tells which settings did not come through', async () => {
    const settings = { statement_timeout: '0', jit: 'off' };
    const asked = { statement_timeout: '3000', jit: 'off', lock_timeout: '1000' };
    expect((await probe({ mode: 'none', settings }, asked)).lostSettings).toEqual([
      'statement_timeout',
      'lock_timeout',
    ]);
  });
});

describe('poolingFindings', () => {
  const levels = async (server: Server, hasDirectUrl: boolean) =>
    poolingFindings(await probe(server), hasDirectUrl).map(({ level }) => level);

  it.each([
    [{ mode: 'none' }, false, ['ok', 'ok']],
    [{ mode: 'session' }, false, ['ok', 'ok']],
    [{ mode: 'transaction', keepsPrepared: true }, false, ['fault', 'ok', 'ok']],
    [{ mode: 'transaction', keepsPrepared: true }, true, ['ok', 'ok', 'ok']],
    [{ mode: 'transaction' }, true, ['ok', 'fault', 'ok']],
    [{ mode: 'statement' }, true, ['fault', 'ok']],
  ] as [Server, boolean, string[]][])(
    'judge %j, with another way to the server: %j',
    async (server, hasDirectUrl, expected) => {
      expect(await levels(server, hasDirectUrl)).toEqual(expected);
    },
  );

  it('find a fault in a setting that was lost', async () => {
    const facts = await probe({ mode: 'none' }, { statement_timeout: '3000' });
    expect(poolingFindings(facts, false)[1]).toMatchObject({
      level: 'fault',
      message: 'lost on the way: statement_timeout',
      remedy: 'Find out what overrides them',
    });
    const behind = await probe({ mode: 'session' }, { statement_timeout: '3000' });
    expect(poolingFindings(behind, false)[1]).toMatchObject({ remedy: expect.stringContaining('pooler') });
  });
});
