import { randomBytes } from 'node:crypto';
import { Agent, get } from 'node:http';
import pg from 'pg';
import { HttpClient } from '../support/http-client.js';
import { decodeJwt } from '../support/jwt.js';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

const USES = 10_000;
const LIMIT = 9000;
const KILLED_AFTER = 3000;
const REPLICAS = 3;
const CONNECTIONS_EACH = 6;

/** Milliseconds; on two idle cores it takes a tenth of that. */
const PATIENCE_MS = 180_000;

const DETAILS = '/api/v1/identities/details';

/** A limited token of a new identity. */
async function givenLimitedToken(http: HttpClient, token: string): Promise<string> {
  const { body: details } = await http.get(DETAILS, { token });
  const organizationId = details.identityDetails.organization.id as string;
  const { body: created } = await http.post('/api/v1/identities', { token, body: { name: 'limited', organizationId } });
  const path = `/api/v1/auth/token-auth/identities/${created.identity.id}`;
  await http.post(path, { token, body: { accessTokenNumUsesLimit: LIMIT } });
  const { body: minted } = await http.post(`${path}/tokens`, { token });
  return minted.accessToken as string;
}

/** The status that a use is answered with; 0 when its answer was lost. */
const use = (origin: string, token: string, agent: Agent): Promise<number> =>
  new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get(`${origin}${DETAILS}`, { agent, headers }, (response) => {
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
      response.resume();
    });
    request.on('error', () => resolve(0));
  });

/** Uses the token at all replicas at once; the first one is killed in the middle, and gets no more from then on. */
async function useUp(token: string, origins: string[], killFirst: () => unknown): Promise<number[]> {
  const answers: number[] = [];
  let sent = 0;
  let isKilled = false;
  const useNext = async (replica: number, agent: Agent): Promise<void> => {
    while (sent < USES) {
      if (replica === 0 && isKilled) return;
      sent += 1;
      answers.push(await use(origins[replica] ?? '', token, agent));
      if (answers.length >= KILLED_AFTER && !isKilled) {
        isKilled = true;
        void killFirst();
      }
    }
  };
  const agents = origins.map(() => new Agent({ keepAlive: true, maxSockets: CONNECTIONS_EACH }));
  await Promise.all(
    agents.flatMap((agent, replica) => Array.from({ length: CONNECTIONS_EACH }, () => useNext(replica, agent))),
  );
  for (const agent of agents) agent.destroy();
  return answers;
}

jest.setTimeout(PATIENCE_MS);

describe('a token with a limit, while one of three replicas is killed in the middle of its uses', () => {
  let url: string;
  const running: ServiceProcess[] = [];
  const start = (args: string[], env: Record<string, string>): ServiceProcess => {
    const service = ServiceProcess.run(args, env);
    running.push(service);
    return service;
  };
  beforeAll(async () => {
    url = await createDatabase();
  });
  afterAll(async () => {
    await Promise.all(running.map((service) => service.stop('SIGKILL')));
    await dropDatabase(url);
  });

  const countedUses = async (token: string): Promise<number> => {
    const db = new pg.Client({ connectionString: url });
    await db.connect();
    const { rows } = await db.query<{ uses: number }>('SELECT num_uses AS uses FROM access_token WHERE id = $1', [
      decodeJwt(token).jti,
    ]);
    await db.end();
    return rows[0]?.uses ?? 0;
  };

  it('is accepted no more often than its limit, and every accepted use is counted', async () => {
    const env = {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      PORT: '0',
      HOST: '127.0.0.1',
    };
    const bootstrap = start(['bootstrap'], env);
    expect(await bootstrap.exit()).toBe(0);
    const replicas = Array.from({ length: REPLICAS }, () => start(['serve'], env));
    const origins = await Promise.all(replicas.map((replica) => replica.origin()));
    const token = await givenLimitedToken(new HttpClient(origins[0] ?? ''), bootstrap.stdout.trim());

    const answers = await useUp(token, origins, () => replicas[0]?.stop('SIGKILL'));

    const count = (status: number): number => answers.filter((answer) => answer === status).length;
    const [accepted, refused, undecided, lost] = [count(200), count(401), count(503), count(0)];
    const counted = await countedUses(token);
    process.stdout.write(
      `of ${USES} uses ${accepted} were accepted, ${refused} refused, ${undecided} answered 503, ${lost} not at all; ` +
        `${counted} were counted\n`,
    );
    expect(replicas.map(({ child }) => child.signalCode)).toEqual(['SIGKILL', null, null]);
    expect(accepted + refused + undecided + lost).toBe(USES);
    expect(accepted).toBeGreaterThan(KILLED_AFTER);
    expect(counted).toBeLessThanOrEqual(LIMIT);
    expect(counted).toBeGreaterThanOrEqual(accepted);
    // What may be counted without having been accepted are the uses that nobody could answer for any more.
    expect(lost).toBeLessThanOrEqual(CONNECTIONS_EACH);
    expect(counted - accepted).toBeLessThanOrEqual(lost + undecided);
  });
});
