import type { TestApp } from './test-app.js';

/** Does something once between the statement that spends a use of a token and its answer; gives what was done. */
export function beforeUseIsAnswered(app: TestApp, act: () => Promise<unknown>): jest.Mock {
  const { manager } = app.db;
  const query = manager.query.bind(manager);
  const done = jest.fn(act);
  const spy = jest.spyOn(manager, 'query').mockImplementation(async (...args) => {
    const answer: unknown = await query(...args);
    if (args[0].includes('num_uses = num_uses + 1')) {
      spy.mockRestore();
      await done();
    }
    return answer;
  });
  return done;
}
