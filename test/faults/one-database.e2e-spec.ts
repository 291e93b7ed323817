import { Cluster } from './cluster.js';
import { FAULTS } from './faults.js';
import { form } from './form.js';
import { NONE } from './oracle.js';
import { goBack, RESTORES } from './restores.js';
import { SingleServer } from './single-server.js';
import { Trial } from './trial.js';
import { until } from './until.js';

const TIMEOUT_MS = 600_000;

const tried = <T>(all: Record<string, T>): [string, T][] =>
  Object.entries(all).filter(([name]) => !form.leavesOut.includes(name));

describe('three replicas on one PostgreSQL', () => {
  const server = new SingleServer();
  const cluster = new Cluster(server);
  const trial = new Trial(`Three replicas on one PostgreSQL (${form.name} form)`, cluster);
  const { load, deeds, oracle } = trial;

  beforeAll(async () => {
    await server.open();
    await trial.open();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await trial.close().finally(() => server.close());
  }, TIMEOUT_MS);

  const rounds = Array.from({ length: form.rounds }, (_, round) =>
    tried(FAULTS).map(([name, fault], index) => ({ name, fault, struck: round + index })),
  ).flat();

  it.each(rounds)(
    'accept nothing under load that should be refused: $name',
    async ({ fault, struck }) => {
      const victim = cluster.replicas[struck % cluster.replicas.length];
      await trial.disturb(() => fault({ server, cluster, load, deeds, victim }));
      expect(oracle.violations).toEqual(NONE);
    },
    TIMEOUT_MS,
  );

  it(
    'have lost nothing that was acknowledged, and every count rests on enough',
    async () => {
      await trial.conclude();
      expect(deeds.surprises).toEqual([]);
      expect(oracle.violations).toEqual(NONE);
      expect(oracle.leastDecisions()).toBeGreaterThanOrEqual(form.floor);
    },
    TIMEOUT_MS,
  );

  it(
    'acknowledge nothing whose wait for a standby was broken off',
    async () => {
      const { lasting } = cluster.identities;
      const mint = { method: 'POST', path: `/api/v1/auth/token-auth/identities/${lasting}/tokens`, body: {} };
      const rename = { method: 'PATCH', path: `/api/v1/identities/${lasting}`, body: { name: 'renamed' } };
      await load.end();
      await cluster.works();
      await server.demandStandby();
      // Sent at once: a moment later, the replica refuses them for not knowing what was revoked meanwhile.
      const sent = [mint, rename].map((each) => cluster.replicas[0].send({ ...each, token: cluster.adminToken }));
      let statuses: number[] | undefined;
      void Promise.all(sent).then((outcomes) => (statuses = outcomes.map(({ status }) => status)));
      await until('both are answered', async () => {
        await server.breakOffWaits();
        return statuses !== undefined;
      });
      await server.demandNoStandby();
      expect(statuses).toEqual([503, 503]);
    },
    TIMEOUT_MS,
  );

  it.each(tried(RESTORES))(
    'accept nothing at all when the database comes back as it was before a revocation, until that is accepted: %s',
    async (_name, way) => {
      await load.end();
      const { inDoubt, accepted } = await goBack({ server, cluster, load, deeds }, way);
      for (const { toRevoked, toGood } of inDoubt) {
        expect(toRevoked).not.toContain('accepted');
        expect(toGood).toEqual([503, 503]);
      }
      for (const { toRevoked, toFresh } of accepted) {
        expect(new Set(toRevoked)).toEqual(new Set(['refused']));
        expect(new Set(toFresh)).toEqual(new Set(['accepted']));
      }
      expect(oracle.violations).toEqual(NONE);
    },
    TIMEOUT_MS,
  );
});
