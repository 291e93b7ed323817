import { ChildServer } from './child-server.js';
import type { Closing } from './closing.js';
import { BenchDatabase } from './database.js';
import { PgbenchFloor } from './floors/pgbench.js';
import type { BenchOptions } from './options.js';
import type { Stage } from './scenario.js';
import { ServiceSetting } from './service.js';
import { makeWorld } from './world.js';

type StageOptions = Pick<BenchOptions, 'extents' | 'nodeOptions'>;

/** Starts all that a run needs: database, two replicas, the bare servers; and fills the database. */
export async function openStage({ extents, nodeOptions }: StageOptions, closing: Closing): Promise<Stage> {
  const database = await BenchDatabase.open(closing);
  const setting = new ServiceSetting(database.url);
  const opened = async (starting: Promise<ChildServer>): Promise<ChildServer> => {
    const server = await starting;
    closing.add(() => server.stop());
    return server;
  };
  const bare = (name: string) =>
    opened(ChildServer.start({ args: [`dist/bench/floors/${name}.js`, '{port}'], readyPath: '/' }));
  const believing = { TRUSTED_PROXIES: '127.0.0.1', FAILED_CREDENTIALS_PER_MINUTE: String(extents.failures) };
  const [replica, other, bareFastify, bareNest] = await Promise.all([
    opened(setting.start({}, nodeOptions)),
    opened(setting.start(believing)),
    bare('bare-fastify'),
    bare('bare-nest'),
  ]);
  const world = await makeWorld(replica.origin, setting, database);
  const pgbench = await PgbenchFloor.open(database, closing);
  await database.query('VACUUM ANALYZE');
  await database.recycleLog(extents.log);
  return { database, setting, world, extents, replica, other, bareFastify, bareNest, pgbench };
}
