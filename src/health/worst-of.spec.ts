import { worstOf } from './worst-of.js';

const checks = (database: string | null, feed: string | null) => [
  { name: 'database', problem: database },
  { name: 'feed', problem: feed },
];

describe('worstOf', () => {
  it.each([
    { name: 'all of which are well', answers: [checks(null, null), checks(null, null)], problems: {} },
    {
      name: 'of which the first is not',
      answers: [checks('gone', null), checks(null, null)],
      problems: { database: 'gone' },
    },
    { name: 'of which the last is not', answers: [checks(null, null), checks(null, 'old')], problems: { feed: 'old' } },
    {
      name: 'each of which has a problem of its own',
      answers: [checks('gone', null), checks('slow', 'old')],
      problems: { database: 'gone', feed: 'old' },
    },
    {
      name: 'one of which does not answer',
      answers: [checks(null, null), null],
      problems: { workers: '1 of 2 answer' },
    },
    {
      name: 'one of which is not there',
      answers: [checks('gone', null)],
      problems: { database: 'gone', workers: '1 of 2 answer' },
    },
    { name: 'none of which is there', answers: [], problems: { workers: '0 of 2 answer' } },
  ])('tells of processes $name', ({ answers, problems }) => {
    const wrong = worstOf(answers, 2).filter(({ problem }) => problem !== null);
    expect(Object.fromEntries(wrong.map(({ name, problem }) => [name, problem]))).toEqual(problems);
  });

  it('tells of each check once', () => {
    expect(worstOf([checks(null, null), checks(null, 'old')], 2).map(({ name }) => name)).toEqual([
      'workers',
      'database',
      'feed',
    ]);
  });
});
