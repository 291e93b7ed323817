import { TestApp } from '../support/test-app.js';
import { EscalationSearch, PERMISSIONS, randomNumbers } from './escalation.js';
import { form } from './form.js';

const isLong = form.name === 'long';
const seed = Number(process.env.ESCALATION_SEED ?? Math.floor(Math.random() * 2 ** 31));
const order = randomNumbers(seed);
const shuffled = PERMISSIONS.map((pair) => [order(), pair] as const).toSorted(([one], [other]) => one - other);
const searched = shuffled.map(([, pair]) => pair).slice(0, isLong ? undefined : 3);

/** ESCALATION_SEED repeats a search: the same callers with the same operations, in the order in which replies arrive. */
describe(`a caller that holds every permission but one (seed ${seed})`, () => {
  let replicas: TestApp[];
  beforeAll(async () => {
    const app = await TestApp.start();
    replicas = [app, await TestApp.start({ beside: app })];
  });
  afterAll(async () => {
    for (const replica of replicas.toReversed()) await replica.stop();
  });

  it.each(['identity create-token', ...searched])(
    'never gets "%s", nor a token that names an identity out of its reach',
    async (missing) => {
      const search = new EscalationSearch(replicas, missing, randomNumbers(seed));
      await search.open();
      expect(await search.run(isLong ? 300 : 40, 4)).toEqual([]);
      // A search that is always denied would prove nothing.
      expect(search.acceptedOperations.size).toBeGreaterThan(3);
    },
    isLong ? 300_000 : 30_000,
  );
});
