// The service's own clean-up, run until nothing is left that may leave.
import { setTimeout as sleep } from 'node:timers/promises';
import { runWithApp } from '../../src/cli/run-with-app.js';
import { Retention } from '../../src/retention/retention.service.js';

/** A run that removes nothing may have met another replica at it. */
const IDLE_RUNS = 3;
const PAUSE_MS = 500;

await runWithApp('error', async (app) => {
  const retention = app.get(Retention);
  for (let idle = 0; idle < IDLE_RUNS;) {
    const { access_token: removed = 0 } = await retention.run();
    idle = removed === 0 ? idle + 1 : 0;
    if (removed === 0) await sleep(PAUSE_MS);
  }
});
