import { cursorOf, incarnationOf, parseCursor } from './feed-cursor.js';

const incarnation = incarnationOf({ incarnation: '0f8fad5b-d9cb-469f-a165-70867728950e', timeline: '0000000A' });

describe('a cursor of the feed', () => {
  it.each([
    { incarnation, floor: '0', after: null },
    { incarnation, floor: '812', after: null },
    { incarnation, floor: '812', after: { transactionId: '900', sequence: '4' } },
  ])('says what it was made of: %j', (cursor) => {
    expect(parseCursor(cursorOf(cursor))).toEqual(cursor);
  });

  it.each([
    '',
    '.',
    '812',
    `${incarnation}.`,
    `${incarnation}.-1`,
    `${incarnation}.1-2`,
    `${incarnation}.1-2-3-4`,
    `${incarnation}.1 `,
    `x${incarnation}.1`,
  ])('is not %j', (text) => {
    expect(parseCursor(text)).toBeNull();
  });
});
