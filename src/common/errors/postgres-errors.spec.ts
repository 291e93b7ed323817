import { isUnavailable } from './postgres-errors.js';

describe('isUnavailable', () => {
  it.each([
    ['a connection that failed', '08006', true],
    ['too many connections', '53300', true],
    ['a statement that took too long', '57014', true],
    ['a transaction that failed before', '25P02', true],
    ['a duplicate', '23505', false],
    ['a table that is not there', '42P01', false],
  ])('says of %s (%s): %s', (_what, code, expected) => {
    expect(isUnavailable(Object.assign(new Error('failed'), { code }))).toBe(expected);
    expect(isUnavailable({ driverError: { code } })).toBe(expected);
  });
});
