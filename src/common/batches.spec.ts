import { Batches } from './batches.js';

describe('questions that are answered together', () => {
  /** Batches whose answers are given by hand. */
  const given = (limits: { underWay: number; size: number }) => {
    const asked: {
      questions: number[];
      answer: (answers: (number | Promise<number>)[]) => void;
      fail: (e: Error) => void;
    }[] = [];
    const batches = new Batches<number, number>(
      async (questions) => new Promise((answer, fail) => asked.push({ questions, answer, fail })),
      limits,
    );
    return { asked, batches };
  };
  const turn = async () => new Promise((resolve) => setImmediate(resolve));

  it('leave at once while they may, and then together, in the order of their arrival and no more than fit', async () => {
    const { asked, batches } = given({ underWay: 2, size: 3 });
    const answers = Promise.all([1, 2, 3, 4, 5, 6, 7].map((question) => batches.ask(question)));
    expect(asked.map(({ questions }) => questions)).toEqual([[1], [2]]);
    asked[1]?.answer([20]);
    await turn();
    expect(asked.map(({ questions }) => questions)).toEqual([[1], [2], [3, 4, 5]]);
    asked[0]?.answer([10]);
    await turn();
    asked[3]?.answer([60, Promise.resolve(70)]);
    asked[2]?.answer([30, 40, 50]);
    expect(await answers).toEqual([10, 20, 30, 40, 50, 60, 70]);
  });

  it.each([
    ['when asking failed', (answer: { fail: (e: Error) => void }) => answer.fail(new Error('no answer'))],
    ['when an answer is missing', (answer: { answer: (a: number[]) => void }) => answer.answer([])],
  ])('fail together %s, and those that come later do not', async (_when, end) => {
    const { asked, batches } = given({ underWay: 1, size: 10 });
    const first = batches.ask(1).catch(() => 'failed');
    const [second, third] = [batches.ask(2).catch(() => 'failed'), batches.ask(3).catch(() => 'failed')];
    asked[0]?.answer([10]);
    expect(await first).toBe(10);
    await turn();
    const [, both] = asked;
    if (both) end(both);
    expect(await Promise.all([second, third])).toEqual(['failed', 'failed']);
    const later = batches.ask(4);
    asked[2]?.answer([40]);
    expect(await later).toBe(40);
  });

  it('fail one by one where each has an outcome of its own', async () => {
    const { asked, batches } = given({ underWay: 1, size: 10 });
    void batches.ask(0);
    const both = Promise.allSettled([batches.ask(1), batches.ask(2)]);
    asked[0]?.answer([0]);
    await turn();
    asked[1]?.answer([Promise.reject(new Error('this one')), 2]);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
