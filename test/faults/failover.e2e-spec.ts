import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from './cluster.js';
import { form } from './form.js';
import { NONE } from './oracle.js';
import { findTools } from './postgres-server.js';
import { ServerPair } from './server-pair.js';
import { Trial } from './trial.js';

const TIMEOUT_MS = 600_000;

const tools = findTools();
if (tools === undefined)
  process.stdout.write('Failover is not tested: there is no PostgreSQL with pg_basebackup on this machine\n');

(tools === undefined ? describe.skip : describe)('three replicas on a primary and its standby, under load', () => {
  const servers = new ServerPair(tools ?? '');
  const cluster = new Cluster(servers);
  const trial = new Trial(`Three replicas on a primary and its standby (${form.name} form)`, cluster);

  beforeAll(async () => {
    await servers.open();
    await trial.open();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await trial.close().finally(() => servers.close());
  }, TIMEOUT_MS);

  it(
    'accept nothing that should be refused: promote the standby, and leave one replica with the old primary',
    async () => {
      const [behind, ...others] = cluster.replicas;
      await trial.disturb(async () => {
        const witnesses = await trial.load.witnesses(20);
        await servers.promote();
        for (const { proxy } of others) {
          await proxy.cut();
          await proxy.restore(servers.url);
        }
        await trial.load.revoke(witnesses, others);
        await delay(form.secondsBehind * 1000);
        await behind.proxy.cut();
        await behind.proxy.restore(servers.url);
      });
      expect(trial.oracle.violations).toEqual(NONE);
    },
    TIMEOUT_MS,
  );

  it(
    'have lost nothing that was acknowledged, and every count rests on enough',
    async () => {
      await trial.conclude();
      expect(trial.deeds.surprises).toEqual([]);
      expect(trial.oracle.violations).toEqual(NONE);
      expect(trial.oracle.leastDecisions()).toBeGreaterThanOrEqual(form.floor);
    },
    TIMEOUT_MS,
  );
});
