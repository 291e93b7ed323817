import { DatabaseTrust } from './database-trust.js';
import type { LogRead } from './log-read.js';

const HERE = { systemIdentifier: '1', databaseOid: '2' };
const ELSEWHERE = { systemIdentifier: '1', databaseOid: '3' };
const FIRST = '6f1d4f5e-0b5c-4c8e-9d1a-2f6b7c8d9e0f';

const read = (database: LogRead['actual'], isMarkLost: boolean): LogRead => ({
  incarnation: FIRST,
  installationId: FIRST,
  timeline: '00000001',
  head: { sequence: 5, digest: '5', keepUntil: '2030-01-01T00:00:00Z' },
  isMarkLost,
  written: database,
  actual: database,
  heartbeatAt: new Date(0),
  snapshot: { xmin: '1', xmax: '1', running: [] },
  entries: [],
  databaseTime: new Date(0),
});

describe('DatabaseTrust.take', () => {
  it.each([
    ['records a rollback in the database that it read before', HERE, 1],
    ['records none in a copy of that database', ELSEWHERE, 0],
  ])('%s, and trusts neither', (_name, database, times) => {
    const record = jest.fn(async () => undefined);
    const trust = new DatabaseTrust(record);
    trust.take(read(HERE, false));
    trust.take(read(database, true));
    expect(record).toHaveBeenCalledTimes(times);
    expect(trust.isGiven).toBe(false);
  });
});
