import { type Cluster, DETAILS } from './cluster.js';
import type { Deeds } from './deeds.js';
import type { Scene } from './faults.js';
import type { Credential } from './oracle.js';
import type { Replica } from './replica.js';
import type { SingleServer } from './single-server.js';
import { until } from './until.js';

/** How the database comes to be as it was before: a copy is taken, and later put in the place of the original. */
interface Way {
  copy: (server: SingleServer) => Promise<void>;
  putBack: (server: SingleServer) => Promise<void>;
}

/** What the administrator's good token is told when it asks, and when it would change something. */
const GOOD = [DETAILS, { method: 'POST', path: '/api/v1/identities', body: {} }];

/** The ways in which every replica must notice that its database has gone back. */
export const RESTORES: Record<string, Way> = {
  'restore a copy of the data directory': {
    copy: (server) => server.copyData(),
    putBack: (server) => server.putDataBack(),
  },
  'restore a copy of the database': {
    copy: (server) => server.copyDatabase(),
    putBack: (server) => server.putDatabaseBack(),
  },
};

/**
 * Takes the database back to before a revocation that every replica knows of. Gives what each replica says to the
 * revoked tokens and to a good one once it has noticed.
 */
export async function goBack(scene: Omit<Scene, 'victim'>, { copy, putBack }: Way): Promise<Said[]> {
  const { cluster, server, load, deeds } = scene;
  await forget(cluster);
  const witnesses = await load.witnesses(5);
  await apart(scene, () => copy(server));
  await cluster.works();
  await load.revoke(witnesses, cluster.replicas);
  await Promise.all(cluster.replicas.map((replica) => until('all refuse', () => isRefused(deeds, replica, witnesses))));
  await apart(scene, () => putBack(server));
  return Promise.all(cluster.replicas.map((replica) => sayingsOf(scene, replica, witnesses)));
}

interface Said {
  toRevoked: string[];
  toGood: number[];
}

const hasNoticed = (replica: Replica): boolean => replica.log.includes('may be an older state of itself');

/** Replicas that have noticed such a thing before begin anew, with a memory that is empty. */
async function forget({ replicas }: Cluster): Promise<void> {
  const doubting = replicas.filter(hasNoticed);
  await Promise.all(doubting.map((replica) => replica.kill()));
  await Promise.all(doubting.map((replica) => replica.start()));
}

/** Does something to the database while nobody is connected. */
async function apart({ cluster, server }: Omit<Scene, 'victim'>, work: () => Promise<void>): Promise<void> {
  await Promise.all(cluster.replicas.map(({ proxy }) => proxy.cut()));
  await work();
  await Promise.all(cluster.replicas.map(({ proxy }) => proxy.restore(server.url)));
}

async function isRefused(deeds: Deeds, replica: Replica, witnesses: Credential[]): Promise<boolean> {
  const judged = await Promise.all(witnesses.map(async (each) => deeds.verify(replica, each)));
  return judged.every(({ verdict }) => verdict === 'refused');
}

async function sayingsOf(
  { cluster, deeds }: Omit<Scene, 'victim'>,
  replica: Replica,
  witnesses: Credential[],
): Promise<Said> {
  await until('the replica notices', () => hasNoticed(replica));
  const judged = await Promise.all(witnesses.map(async (each) => deeds.verify(replica, each)));
  const answers = await Promise.all(GOOD.map(async (each) => replica.send({ ...each, token: cluster.adminToken })));
  return { toRevoked: judged.map(({ verdict }) => verdict), toGood: answers.map(({ status }) => status) };
}
