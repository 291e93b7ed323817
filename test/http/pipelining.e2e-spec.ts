import { MetricsOf } from '../support/metrics-of.js';
import { pipeline } from '../support/pipeline.js';
import { rawRequest } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const MAX_IN_FLIGHT = 16;

/** Many more than may wait: some are served while others arrive. */
const TOO_MANY = 3000;

/** The most requests that were in flight at the same time. */
let highest: number;

describe('requests that a client pipelines on one connection', () => {
  let app: TestApp;
  beforeAll(async () => {
    let inFlight = 0;
    app = await TestApp.start({
      prepare: (nest) => {
        const fastify = nest.getHttpAdapter().getInstance();
        fastify.addHook('preHandler', (_request, _reply, done) => {
          highest = Math.max(highest, (inFlight += 1));
          done();
        });
        fastify.addHook('onResponse', (request, _reply, done) => {
          if (request.denial === undefined) inFlight -= 1;
          done();
        });
      },
    });
  });
  beforeEach(() => (highest = 0));
  afterAll(() => app.stop());

  /** Alternates between two routes, so that the responses show their order. */
  const send = async (count: number) => {
    const { token, identityId } = await app.given.root();
    const requests = Array.from({ length: count }, (_, n) =>
      rawRequest(`GET /api/v1/identities/${n % 2 === 0 ? identityId : 'details'}`, {
        authorization: `Bearer ${token}`,
        connection: n === count - 1 ? 'close' : 'keep-alive',
      }),
    );
    return pipeline(app.origin, requests);
  };

  it('are served a few at a time, and answered in their order', async () => {
    const answers = await send(300);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 300 }, () => 200));
    const kinds = answers.map(({ body }) => Object.keys(JSON.parse(body) as object)[0]);
    expect(kinds).toEqual(Array.from({ length: 300 }, (_, n) => (n % 2 === 0 ? 'identity' : 'identityDetails')));
    expect(highest).toBe(MAX_IN_FLIGHT);
  });

  it('are rejected beyond what may wait', async () => {
    const answers = await send(TOO_MANY);
    expect(answers).toHaveLength(TOO_MANY);
    const rejected = answers.filter(({ status }) => status === 503);
    expect(rejected.length).toBeGreaterThan(0);
    expect(new Set(rejected.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']));
    expect(JSON.parse(rejected[0]?.body ?? '')).toMatchObject({ message: 'Too many requests wait on this connection' });
    expect((await MetricsOf.read(app)).sum('token_auth_pipelined_rejections_total')).toBe(rejected.length);
  });
});
