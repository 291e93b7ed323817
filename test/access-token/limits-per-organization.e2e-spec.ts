import { refusal, tally, told } from '../support/answers.js';
import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const OF_TOKEN = 20;
const OF_IDENTITY = 30;
const LIVE = 4;

describe('the limits of an identity, in each organization', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        TOKEN_REQUESTS_PER_MINUTE: String(OF_TOKEN),
        IDENTITY_REQUESTS_PER_MINUTE: String(OF_IDENTITY),
        MAX_LIVE_TOKENS_PER_IDENTITY: String(LIVE),
      },
    });
    api = new TokenAuthApi(app);
  });
  // Every token bucket is full again when a test begins.
  beforeEach(() => app.clock.advance(60));
  afterAll(() => app.stop());

  /** A sub-organization of which the identity is a member; its slug. */
  const givenSlug = async (id: string): Promise<string> => {
    const { identityId } = await app.given.root();
    return (await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' })).slug;
  };

  it('count requests apart', async () => {
    const { id, token } = await app.given.identity();
    const mintIn = async (organizationSlug: string) => (await app.given.mint(id, { organizationSlug })).accessToken;
    const [sub, neighbor] = [await givenSlug(id), await givenSlug(id)];
    const [first, second, inNeighbor] = [await mintIn(sub), await mintIn(sub), await mintIn(neighbor)];
    const use = (bearer: string, times: number) =>
      inTurn(times, () => app.http.get('/api/v1/identities/details', { token: bearer }));
    expect(tally(await use(first, OF_TOKEN))).toEqual({ 200: OF_TOKEN });
    expect(tally(await use(second, OF_TOKEN))).toEqual({
      200: OF_IDENTITY - OF_TOKEN,
      429: 2 * OF_TOKEN - OF_IDENTITY,
    });
    for (const other of [token, inNeighbor]) {
      const [answer] = await use(other, 1);
      expect(answer?.status).toBe(200);
      expect(answer?.headers.get('ratelimit')).toBe(`"token";r=${OF_TOKEN - 1};t=3`);
    }
  });

  it('count live tokens apart', async () => {
    const { id } = await app.given.identity();
    const organizationSlug = await givenSlug(id);
    const mintBelow = () => api.mint(id, { organizationSlug });
    expect(tally(await inTurn(LIVE, mintBelow))).toEqual({ 200: LIVE });
    const message = `The identity has ${LIVE} live access tokens in the organization; revoke some or let them expire`;
    expect(told(await mintBelow())).toEqual(refusal(400, 'BadRequest', message));
    expect(tally(await inTurn(LIVE, () => api.mint(id)))).toEqual({ 200: LIVE - 1, 400: 1 });
    // After a minute, the tokens are counted again in the database.
    app.clock.advance(61);
    expect([(await api.mint(id)).status, (await mintBelow()).status]).toEqual([400, 400]);
  });
});

async function inTurn(times: number, send: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < times; n += 1) answers.push(await send());
  return answers;
}
