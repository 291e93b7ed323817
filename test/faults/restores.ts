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

interface Told {
  /** What each replica says once it has noticed. */
  inDoubt: { toRevoked: string[]; toGood: number[] }[];
  /** And once an operator has accepted the restore: to the same, and to tokens that were minted since. */
  accepted: { toRevoked: string[]; toFresh: string[] }[];
}

/** Takes the database back to before a revocation that every replica knows of, and has an operator accept that. */
export async function goBack(scene: Omit<Scene, 'victim'>, { copy, putBack }: Way): Promise<Told> {
  const { cluster, server, load, deeds } = scene;
  const { replicas } = cluster;
  const revoked = await load.witnesses(5);
  await apart(scene, () => copy(server));
  await cluster.works();
  await load.revoke(revoked, replicas);
  const isKnown = async (replica: Replica): Promise<boolean> =>
    (await verdictsOf(deeds, replica, revoked)).every((verdict) => verdict === 'refused');
  await Promise.all(replicas.map((replica) => until('all refuse', () => isKnown(replica))));
  const noticed = replicas.map((replica) => ({ replica, before: noticesOf(replica) }));
  await apart(scene, () => putBack(server));
  const notices = noticed.map(({ replica, before }) => until('it notices', () => noticesOf(replica) > before));
  await Promise.all(notices);
  const inDoubt = await Promise.all(
    replicas.map(async (replica) => ({
      toRevoked: await verdictsOf(deeds, replica, revoked),
      toGood: await statusesOf(cluster, replica),
    })),
  );
  await cluster.acceptRestore();
  await cluster.works();
  const fresh = await load.witnesses(5);
  const accepted = await Promise.all(
    replicas.map(async (replica) => ({
      toRevoked: await verdictsOf(deeds, replica, revoked),
      toFresh: await verdictsOf(deeds, replica, fresh),
    })),
  );
  return { inDoubt, accepted };
}

/** How often the process has told that it believes nothing any more. */
const noticesOf = ({ log }: Replica): number => log.split('may be an older state of itself').length - 1;

/** Does something to the database while nobody is connected. */
async function apart({ cluster, server }: Omit<Scene, 'victim'>, work: () => Promise<void>): Promise<void> {
  await Promise.all(cluster.replicas.map(({ proxy }) => proxy.cut()));
  await work();
  await Promise.all(cluster.replicas.map(({ proxy }) => proxy.restore(server.url)));
}

async function verdictsOf(deeds: Deeds, replica: Replica, credentials: Credential[]): Promise<string[]> {
  const judged = await Promise.all(credentials.map(async (each) => deeds.verify(replica, each)));
  return judged.map(({ verdict }) => verdict);
}

async function statusesOf({ adminToken }: Cluster, replica: Replica): Promise<number[]> {
  const answers = await Promise.all(GOOD.map(async (each) => replica.send({ ...each, token: adminToken })));
  return answers.map(({ status }) => status);
}
