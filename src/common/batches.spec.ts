import { Batches } from './batches.js';

describe('questions that are answered together', () => {
  /** Batches whose answers are given by hand. */
  const given = (limits: { underWay: number; size: number; patience?: number }) => {
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

  it('leave at the end of the turn they came in, or as soon as a batch is full, in the order of their arrival', async () => {
    const { asked, batches } = given({ underWay: 2, size: 3 });
    const ask = async (question: number) => {
      await Promise.resolve();
      return batches.ask(question);
    };
    const few = Promise.all([1, 2].map(ask));
    await Promise.resolve();
    expect(asked).toEqual([]);
    await turn();
    expect(asked.map(({ questions }) => questions)).toEqual([[1, 2]]);
    const full = Promise.all([3, 4, 5].map((question) => batches.ask(question)));
    expect(asked.map(({ questions }) => questions)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    asked[0]?.answer([10, 20]);
    asked[1]?.answer([30, Promise.resolve(40), 50]);
    expect(await few).toEqual([10, 20]);
    expect(await full).toEqual([30, 40, 50]);
  });

  it('wait while as many batches are under way as may be, and then leave together, no more than fit', async () => {
    const { asked, batches } = given({ underWay: 2, size: 3 });
    const answers = Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((question) => batches.ask(question)));
    await turn();
    expect(asked.map(({ questions }) => questions)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    asked[1]?.answer([40, 50, 60]);
    await turn();
    expect(asked.slice(2).map(({ questions }) => questions)).toEqual([[7, 8, 9]]);
    asked[2]?.answer([70, 80, 90]);
    await turn();
    expect(asked.slice(3).map(({ questions }) => questions)).toEqual([[10]]);
    asked[3]?.answer([100]);
    asked[0]?.answer([10, 20, 30]);
    expect(await answers).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it('are counted until they are answered, or fail', async () => {
    const { asked, batches } = given({ underWay: 2, size: 2 });
    const all = Promise.allSettled([1, 2, 3].map((question) => batches.ask(question)));
    await turn();
    expect(batches.unanswered).toBe(3);
    asked[0]?.answer([10, 20]);
    await turn();
    expect(batches.unanswered).toBe(1);
    asked[1]?.fail(new Error('gone'));
    await all;
    await turn();
    expect(batches.unanswered).toBe(0);
  });

  describe('with patience', () => {
    const PATIENCE_MS = 20;
    beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
    afterEach(() => void jest.useRealTimers());

    it('wait for the batch under way, unless they fill one or it takes too long', async () => {
      const { asked, batches } = given({ underWay: 3, size: 2, patience: PATIENCE_MS });
      const first = batches.ask(1);
      await turn();
      expect(asked.map(({ questions }) => questions)).toEqual([[1]]);
      const full = Promise.all([2, 3].map((question) => batches.ask(question)));
      expect(asked.map(({ questions }) => questions)).toEqual([[1], [2, 3]]);
      const late = batches.ask(4);
      await turn();
      jest.advanceTimersByTime(PATIENCE_MS - 1);
      expect(asked).toHaveLength(2);
      jest.advanceTimersByTime(1);
      expect(asked.map(({ questions }) => questions)).toEqual([[1], [2, 3], [4]]);
      const never = batches.ask(5);
      await turn();
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
      expect(await Promise.all([first, full, late, never])).toEqual([10, [20, 30], 40, 50]);
    });

    it('leave together when the batch under way is done', async () => {
      const { asked, batches } = given({ underWay: 2, size: 10, patience: PATIENCE_MS });
      const first = batches.ask(1);
      await turn();
      const others = Promise.all([2, 3].map((question) => batches.ask(question)));
      await turn();
      asked[0]?.answer([10]);
      await turn();
      expect(asked.map(({ questions }) => questions)).toEqual([[1], [2, 3]]);
      jest.advanceTimersByTime(PATIENCE_MS);
      expect(asked).toHaveLength(2);
      asked[1]?.answer([20, 30]);
      expect(await first).toBe(10);
      expect(await others).toEqual([20, 30]);
    });
  });

  it.each([
    ['when asking failed', (answer: { fail: (e: Error) => void }) => answer.fail(new Error('no answer'))],
    ['when an answer is missing', (answer: { answer: (a: number[]) => void }) => answer.answer([])],
  ])('fail together %s, and those that come later do not', async (_when, end) => {
    const { asked, batches } = given({ underWay: 1, size: 10 });
    const first = batches.ask(1).catch(() => 'failed');
    await turn();
    const [second, third] = [batches.ask(2).catch(() => 'failed'), batches.ask(3).catch(() => 'failed')];
    asked[0]?.answer([10]);
    expect(await first).toBe(10);
    await turn();
    const [, both] = asked;
    if (both) end(both);
    expect(await Promise.all([second, third])).toEqual(['failed', 'failed']);
    const later = batches.ask(4);
    await turn();
    asked[2]?.answer([40]);
    expect(await later).toBe(40);
  });

  it('fail one by one where each has an outcome of its own', async () => {
    const { asked, batches } = given({ underWay: 1, size: 10 });
    void batches.ask(0);
    await turn();
    const both = Promise.allSettled([batches.ask(1), batches.ask(2)]);
    asked[0]?.answer([0]);
    await turn();
    asked[1]?.answer([Promise.reject(new Error('this one')), 2]);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
