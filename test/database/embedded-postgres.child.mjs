/**
 * A service that is nothing but its embedded database, for tests that kill it. Says on one line what became of the
 * start; then ends when told `stop` on its standard input, or without stopping the database when told `exit`.
 */
import { createInterface } from 'node:readline';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded/embedded-postgres.js';

const { uid, ...options } = JSON.parse(process.argv[2]);
if (uid !== undefined) {
  process.setgroups([]);
  process.setgid(uid);
  process.setuid(uid);
}
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  const { stop, ...database } = await startEmbeddedPostgres({ ...options, log: () => {} });
  say(database);
  for await (const line of createInterface(process.stdin)) {
    if (line === 'exit') process.exit();
    await stop();
    break;
  }
} catch (error) {
  say({ failure: error.message });
}
