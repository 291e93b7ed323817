import { Batches } from './batches.js';

describe('questions that are answered together', () => {
  /** Batches whose answers are given by hand. */
  const given = (limits: { underWay: number; size: number; patience?: number; gathers?: boolean }) => {
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

  it('leave together when they are asked in one go and are to be gathered', async () => {
    const { asked, batches } = given({ underWay: 2, size: 3, gathers: true });
    const ask = async (question: number) => {
      await Promise.resolve();
      return batches.ask(question);
    };
    const answers = Promise.all([1, 2, 3, 4, 5, 6, 7].map(ask));
    await turn();
    expect(asked.map(({ questions }) => questions)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    asked[0]?.answer([10, 20, 30]);
    await turn();
    asked[1]?.answer([40, 50, 60]);
    asked[2]?.answer([70]);
    expect(await answers).toEqual([10, 20, 30, 40, 50, 60, 70]);
  });

  describe('with patience', () => {
    const PATIENCE_MS = 20;
    beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
    afterEach(() => void jest.useRealTimers());

    it('wait for the batch under way, unless they fill one or it takes too long', async () => {
      const { asked, batches } = given({ underWay: 3, size: 2, patience: PATIENCE_MS });
      const answers = Promise.all([1, 2].map((question) => batches.ask(question)));
      expect(asked.map(({ questions }) => questions)).toEqual([[1]]);
      const full = batches.ask(3);
      expect(asked.map(({ questions }) => questions)).toEqual([[1], [2, 3]]);
      const late = batches.ask(4);
      jest.advanceTimersByTime(PATIENCE_MS - 1);
      expect(asked).toHaveLength(2);
      jest.advanceTimersByTime(1);
      expect(asked.map(({ questions }) => questions)).toEqual([[1], [2, 3], [4]]);
      const never = batches.ask(5);
      jest.advanceTimersByTime(PATIENCE_MS);
      expect(asked).toHaveLength(3);
      asked[2]?.answer([40]);
      await turn();
      expect(asked).toHaveLength(3);
      jest.advanceTimersByTime(PATIENCE_MS);
      expect(asked[3]?.questions).toEqual([5]);
      asked[3]?.answer([50]);
      asked[1]?.answer([20, 30]);
      asked[0]?.answer([10]);
      expect(await Promise.all([answers, full, late, never])).toEqual([[10, 20], 30, 40, 50]);
    });

    it('leave together when the batch under way is done', async () => {
      const { asked, batches } = given({ underWay: 2, size: 10, patience: PATIENCE_MS });
      const answers = Promise.all([1, 2, 3].map((question) => batches.ask(question)));
      asked[0]?.answer([10]);
      await turn();
      expect(asked.map(({ questions }) => questions)).toEqual([[1], [2, 3]]);
      jest.advanceTimersByTime(PATIENCE_MS);
      expect(asked).toHaveLength(2);
      asked[1]?.answer([20, 30]);
      expect(await answers).toEqual([10, 20, 30]);
    });
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
