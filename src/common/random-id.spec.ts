import { validate, version } from 'uuid';
import { newId, newReqId } from './random-id.js';

const MANY = 20_000;

describe('newId', () => {
  const ids = Array.from({ length: MANY }, newId);

  it('gives version 7 UUIDs, no two alike', () => {
    expect(ids.filter((id) => !validate(id) || version(id) !== 7)).toEqual([]);
    expect(new Set(ids).size).toBe(MANY);
  });

  it('sorts them by their making, those of one millisecond too', () => {
    expect(ids.toSorted()).toEqual(ids);
  });

  it('shares no random part between two of them', () => {
    expect(new Set(ids.map((id) => id.slice(-11))).size).toBe(MANY);
  });

  it('tells the time of its making', () => {
    const before = Date.now();
    const at = Number.parseInt(newId().replaceAll('-', '').slice(0, 12), 16);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });
});

describe('newReqId', () => {
  it('gives names of one shape, no two alike', () => {
    const ids = Array.from({ length: MANY }, newReqId);
    expect(ids.filter((id) => !/^req-[A-Za-z0-9]{14}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(MANY);
  });
});
