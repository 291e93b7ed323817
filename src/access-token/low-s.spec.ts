import { hasLowS, normalizeS } from './low-s.js';

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF = ORDER / 2n;
const R = 'ab'.repeat(32);

const withS = (s: bigint): Buffer => Buffer.from(R + s.toString(16).padStart(64, '0'), 'hex');

describe('normalizeS', () => {
  it.each([
    { name: '1', s: 1n, low: 1n },
    { name: 'half of the order', s: HALF, low: HALF },
    { name: 'one more than half', s: HALF + 1n, low: HALF },
    { name: 'a value whose subtraction borrows in every byte', s: 0xffn << 248n, low: ORDER - (0xffn << 248n) },
    { name: 'the order less 256', s: ORDER - 256n, low: 256n },
    { name: 'the order less 1', s: ORDER - 1n, low: 1n },
  ])('keeps R and turns S = $name into the low one of the pair', ({ s, low }) => {
    expect(hasLowS(withS(s))).toBe(s === low);
    expect(normalizeS(withS(s)).toString('hex')).toBe(withS(low).toString('hex'));
    expect(hasLowS(withS(low))).toBe(true);
  });
});
