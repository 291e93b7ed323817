import { Api } from '../api.js';
import { ChildServer } from '../child-server.js';
import type { Closing } from '../closing.js';
import { BenchDatabase } from '../database.js';
import { ServiceSetting } from '../service.js';
import { makeWorld, type World } from '../world.js';
import { fill } from './filler.js';
import { FilledTokens } from './filled-tokens.js';

/** A database with so many tokens, and a replica of the service on it. */
export interface Site {
  size: number;
  database: BenchDatabase;
  setting: ServiceSetting;
  replica: ChildServer;
  world: World;
  tokens: FilledTokens;
}

/** Sets the service up, fills its tables, and starts it anew: what it knows of the tables is how they are then. */
export async function openSite(server: string, size: number, closing: Closing): Promise<Site> {
  const database = await BenchDatabase.openOn(server, closing);
  const setting = new ServiceSetting(database.url);
  const first = await setting.start();
  closing.add(() => first.stop());
  const world = await makeWorld(first.origin, setting, database);
  await first.stop();
  await fill(database, world, size);
  const replica = await setting.start();
  closing.add(() => replica.stop());
  const api = new Api(replica.origin, world.admin.token);
  const tokens = new FilledTokens(database, size);
  return { size, database, setting, replica, world: { ...world, api }, tokens };
}
