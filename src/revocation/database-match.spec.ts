import { DatabaseMatch } from './database-match.js';
import { DatabaseTrust } from './database-trust.js';
import type { DatabasePosition, LogRead } from './log-read.js';

const HERE = { systemIdentifier: '1', databaseOid: '2' };
const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

const last: LogRead = {
  incarnation: '6f1d4f5e-0b5c-4c8e-9d1a-2f6b7c8d9e0f',
  installationId: '6f1d4f5e-0b5c-4c8e-9d1a-2f6b7c8d9e0f',
  timeline: '00000001',
  head: null,
  isMarkLost: false,
  written: HERE,
  actual: HERE,
  heartbeatAt: at(10),
  snapshot: { xmin: '1', xmax: '1', running: [] },
  entries: [],
  databaseTime: at(10),
};
const match = new DatabaseMatch(
  { poolUrl: 'postgres://unused', hasDirectUrl: true },
  new DatabaseTrust(async () => undefined),
);

describe('DatabaseMatch.isPoolMatch', () => {
  it.each<[string, Partial<DatabasePosition>]>([
    ['the heartbeat of the last read', {}],
    ['a later heartbeat', { heartbeatAt: at(11) }],
  ])('accepts a database with %s', (_name, change) => {
    expect(match.isPoolMatch({ ...last, ...change }, last)).toBe(true);
  });

  it.each<[string, DatabasePosition | null]>([
    ['without an instance', null],
    ['of another oid', { ...last, actual: { ...HERE, databaseOid: '3' } }],
    ['of another server', { ...last, actual: { ...HERE, systemIdentifier: '3' } }],
    ['that this replica never read, such as a physical copy', { ...last, heartbeatAt: null }],
    ['with an older heartbeat, such as a physical copy or a backup', { ...last, heartbeatAt: at(9) }],
  ])('rejects a database %s', (_name, position) => {
    expect(match.isPoolMatch(position, last)).toBe(false);
  });
});
