import { callerReqId, traceIdOf } from './trace-context.js';

describe('callerReqId', () => {
  it.each([
    { name: 'letters, digits, dashes, underscores and dots', header: 'Req_7.b-1', id: 'Req_7.b-1' },
    { name: 'a UUID', header: '0f8fad5b-d9cb-469f-a165-70867728950e', id: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    { name: 'an id of our own kind', header: 'req-CallersOwn0000', id: 'req-CallersOwn0000' },
    { name: '64 characters', header: 'a'.repeat(64), id: 'a'.repeat(64) },
    { name: 'none', header: undefined, id: undefined },
    { name: 'nothing', header: '', id: undefined },
    { name: '65 characters', header: 'a'.repeat(65), id: undefined },
    { name: 'two of them', header: 'one, two', id: undefined },
    { name: 'a list', header: ['one'], id: undefined },
    { name: 'other characters', header: 'a/b', id: undefined },
    { name: 'other letters', header: 'ä', id: undefined },
    { name: 'a line break at the end', header: 'a\n', id: undefined },
    { name: 'what looks like a token', header: 'eyJhbGciOi.eyJzdWIi.c2ln', id: undefined },
    { name: 'what looks like a token without its signature', header: 'eyJhbGciOi.eyJzdWIi.', id: undefined },
  ])('is $id for $name', ({ header, id }) => {
    expect(callerReqId(header)).toBe(id);
  });
});

describe('traceIdOf', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parentId = '00f067aa0ba902b7';

  it.each([
    { name: 'a trace that is sampled', header: `00-${traceId}-${parentId}-01`, id: traceId },
    { name: 'a trace that is not', header: `00-${traceId}-${parentId}-00`, id: traceId },
    { name: 'a later version', header: `01-${traceId}-${parentId}-01`, id: traceId },
    { name: 'none', header: undefined, id: undefined },
    { name: 'nothing', header: '', id: undefined },
    { name: 'a list', header: [`00-${traceId}-${parentId}-01`], id: undefined },
    { name: 'the invalid version', header: `ff-${traceId}-${parentId}-01`, id: undefined },
    { name: 'a trace id of zeros', header: `00-${'0'.repeat(32)}-${parentId}-01`, id: undefined },
    { name: 'a parent id of zeros', header: `00-${traceId}-${'0'.repeat(16)}-01`, id: undefined },
    { name: 'capital letters', header: `00-${traceId.toUpperCase()}-${parentId}-01`, id: undefined },
    { name: 'a short trace id', header: `00-${traceId.slice(1)}-${parentId}-01`, id: undefined },
    { name: 'no flags', header: `00-${traceId}-${parentId}`, id: undefined },
    { name: 'more at the end', header: `00-${traceId}-${parentId}-01-x`, id: undefined },
    { name: 'more at the start', header: `x00-${traceId}-${parentId}-01`, id: undefined },
    { name: 'what looks like a token', header: 'eyJhbGciOi.eyJzdWIi.c2ln', id: undefined },
  ])('is $id for $name', ({ header, id }) => {
    expect(traceIdOf(header)).toBe(id);
  });
});
