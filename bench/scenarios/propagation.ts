import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../api.js';
import type { Figure, Stage } from '../scenario.js';
import { percentile, sorted } from '../statistics.js';
import { spread } from '../token-maker.js';
import { expectTrue, WrongAnswerError } from '../wrong-answer.js';

/** Longer than the bound that the service promises; whoever is not refused by then fails the run. */
const PATIENCE_MS = 5000;

/** Between two revocations, at random, so that they meet the other replica's readings at any point. */
const PAUSE_MS = 60;

const NAME = 'revocation seen by another replica';

/** From the answer to a revoke on one replica to the first refusal by another, which knew the token as good. */
export async function propagation({ world, replica, other, extents }: Stage): Promise<Figure[]> {
  const tokens = await world.maker.make(spread([world.holder], extents.revocations));
  const revoker = new Api(replica.origin, world.admin.token);
  const verifier = new Api(other.origin, world.verifier.token, true);
  const times: number[] = [];
  for (const { id, text } of tokens) {
    await sleep(Math.random() * PAUSE_MS);
    expectTrue(await verifier.isActive(text), 'a token is refused that nobody has revoked');
    await revoker.post(`/api/v1/auth/token-auth/tokens/${id}/revoke`);
    times.push(await untilRefused(verifier, text, performance.now()));
  }
  const inOrder = sorted(times);
  return [
    { name: `${NAME}, p50`, unit: 'ms', values: [percentile(inOrder, 0.5)] },
    { name: `${NAME}, p99`, unit: 'ms', values: [percentile(inOrder, 0.99)] },
    { name: `${NAME}, longest`, unit: 'ms', values: [percentile(inOrder, 1)] },
  ];
}

async function untilRefused(verifier: Api, text: string, revokedAt: number): Promise<number> {
  while (performance.now() - revokedAt < PATIENCE_MS) {
    if (!(await verifier.isActive(text))) {
      const refusedAt = performance.now();
      expectTrue(!(await verifier.isActive(text)), 'a revoked token was good again after it had been refused');
      return refusedAt - revokedAt;
    }
  }
  throw new WrongAnswerError(`a token was good on another replica ${PATIENCE_MS} ms after it had been revoked`);
}
