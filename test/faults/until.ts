import { setTimeout as delay } from 'node:timers/promises';
import { now } from './oracle.js';

const PAUSE_MS = 20;

/** Waits until the condition holds; fails with its name when it does not within so many seconds. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { seconds = 30 }: { seconds?: number } = {},
): Promise<void> {
  const deadline = now() + seconds * 1000;
  while (!(await holds())) {
    if (now() > deadline) throw new Error(`Within ${seconds} s it did not come to pass that ${what}`);
    await delay(PAUSE_MS);
  }
}
