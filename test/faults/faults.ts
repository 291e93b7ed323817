import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import type { Deeds } from './deeds.js';
import type { Load } from './load.js';
import { type Credential, now } from './oracle.js';
import type { Replica } from './replica.js';
import type { SingleServer } from './single-server.js';

/** What a fault does its work on: the whole, under load, and the replica that is struck. */
export interface Scene {
  server: SingleServer;
  cluster: Cluster;
  load: Load;
  deeds: Deeds;
  victim: Replica;
}

/** Strikes, lets the load go on for long enough to tell, and heals. */
type Fault = (scene: Scene) => Promise<void>;

/** Milliseconds that the load goes on after a revoke was acknowledged while something is wrong: well beyond the bound. */
const WATCH_MS = 1600;

const MINUTE_MS = 60_000;

/** Tokens that the victim knows well are revoked by way of the others, and the load asks about them everywhere. */
async function revokeBehind({ cluster, load, victim }: Scene, witnesses: Credential[]): Promise<void> {
  await load.revoke(witnesses, cluster.except(victim));
  await delay(WATCH_MS);
}

const cutDatabaseConnection: Fault = async (scene) => {
  const witnesses = await scene.load.witnesses(10);
  await scene.victim.proxy.cut();
  await revokeBehind(scene, witnesses);
  await scene.victim.proxy.restore(scene.cluster.database.url);
};

const halfOpenDatabaseConnection: Fault = async (scene) => {
  const witnesses = await scene.load.witnesses(10);
  scene.victim.proxy.freeze();
  await revokeBehind(scene, witnesses);
  scene.victim.proxy.thaw();
};

/** Requests come in while the process stands still; it answers them when the tokens have long been revoked. */
const standStill: Fault = async (scene) => {
  const { load, deeds, victim } = scene;
  const witnesses = await load.witnesses(20);
  await victim.stop();
  const waiting = witnesses.flatMap((each) => [
    deeds.verify(victim, each),
    deeds.mintWith(victim, each),
    deeds.rename(victim, each),
  ]);
  await revokeBehind(scene, witnesses);
  victim.resume();
  await Promise.all(waiting);
};

/** The database has read the token as good; the revoke is acknowledged before the answer arrives. */
const holdRead =
  (milliseconds: number): Fault =>
  async ({ cluster, load, deeds, victim }) => {
    const witness = await load.unseen(cluster.except(victim));
    const caught = victim.proxy.hold(witness.tokenId, milliseconds);
    const late = deeds.verify(victim, witness);
    await caught;
    await load.revoke([witness], cluster.except(victim));
    const acknowledgedAt = now();
    const { verdict, answeredAt } = await late;
    const lateness = answeredAt - acknowledgedAt;
    if (verdict === 'accepted' && lateness > 1000)
      throw new Error(`A read of ${lateness.toFixed(0)} ms ago let a token in`);
  };

/** Its knowledge is nearly as old as it may be, and each of its statements takes as long. */
const delayAnswers: Fault = async (scene) => {
  const witnesses = await scene.load.witnesses(10);
  scene.victim.proxy.delay(700);
  await revokeBehind(scene, witnesses);
  scene.victim.proxy.delay(0);
};

const dropHints: Fault = async (scene) => {
  scene.victim.proxy.dropHints(true);
  await revokeBehind(scene, await scene.load.witnesses(10));
  scene.victim.proxy.dropHints(false);
};

const kill: Fault = async (scene) => {
  const witnesses = await scene.load.witnesses(10);
  await scene.victim.kill();
  const started = scene.victim.start();
  await scene.load.revoke(witnesses, scene.cluster.except(scene.victim));
  await started;
};

const endDatabase =
  (how: 'restart' | 'crash'): Fault =>
  async ({ server, cluster, load }) => {
    const witnesses = await load.witnesses(10);
    const isBack = server[how]().then(() => {
      // The server comes back at another port.
      for (const { proxy } of cluster.replicas) proxy.leadTo(server.url);
    });
    await Promise.all([isBack, load.revoke(witnesses, cluster.replicas)]);
  };

const moveWallClock =
  (minutes: number): Fault =>
  async (scene) => {
    const witnesses = await scene.load.witnesses(10);
    await scene.victim.moveClock(minutes * MINUTE_MS);
    await revokeBehind(scene, witnesses);
    await scene.victim.moveClock(0);
  };

/** Everything that can happen to three replicas on one database. */
export const FAULTS: Record<string, Fault> = {
  "cut one replica's database connection": cutDatabaseConnection,
  'half-open it': halfOpenDatabaseConnection,
  'stop one process with requests in its socket': standStill,
  'hold one verification read for 2 s': holdRead(2000),
  'hold one verification read for 5 s': holdRead(5000),
  "delay one replica's database by 700 ms": delayAnswers,
  "drop one replica's hints": dropHints,
  'kill one process': kill,
  'restart PostgreSQL': endDatabase('restart'),
  'crash PostgreSQL': endDatabase('crash'),
  "move one replica's wall clock ahead by ten minutes": moveWallClock(10),
  'move it back by ten minutes': moveWallClock(-10),
};
