import { Api } from '../api.js';
import { load } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import { spread } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';

const LIMITED = 512;

/** More than any run can use up. */
const AMPLE = 2_000_000_000;

const FEW = 10;
const ASKED = 40;

const SPENT = 'SELECT sum(num_uses)::float8 AS spent FROM access_token WHERE num_uses_limit = $1';

/** Tokens whose every use is counted by PostgreSQL. */
export async function uses(stage: Stage): Promise<Scenario[]> {
  const { database, world, replica, extents } = stage;
  const { maker, holder, verifier } = world;
  const tokens = await maker.make(spread([holder], LIMITED), { numUsesLimit: AMPLE });
  const spent = async (): Promise<number> => (await database.query<{ spent: number }>(SPENT, [AMPLE]))[0]?.spent ?? 0;
  const measure = async () => {
    await checkLimit(stage);
    const before = await spent();
    const result = await load({
      server: replica,
      extent: extents.extent,
      shots: (connection) => shareOf(tokens, connection).map((token) => shotOf.introspect(verifier, token)),
    });
    const counted = (await spent()) - before;
    expectTrue(counted >= result.answers, `${result.answers} uses were let through and ${counted} counted`);
    return result;
  };
  return [{ name: 'limited uses', unit: 'requests/s', measure }];
}

/** Of many uses at once, exactly as many pass as the token has. */
async function checkLimit({ world, replica }: Stage): Promise<void> {
  const { maker, holder, verifier } = world;
  const [token] = await maker.make([holder], { numUsesLimit: FEW });
  const api = new Api(replica.origin, verifier.token);
  const answers = await Promise.all(
    Array.from({ length: ASKED }, () => api.post<{ active: boolean }>('/oauth2/introspect', { token: token?.text })),
  );
  const passed = answers.filter(({ active }) => active).length;
  expectTrue(passed === FEW, `${passed} uses passed of a token that has ${FEW}`);
}
