import { Api } from '../api.js';
import type { Figure, Stage } from '../scenario.js';
import { expectTrue } from '../wrong-answer.js';

/** From the start of the process to the first good answer, on a database that is there already. */
export async function starts({ setting, world, extents }: Stage): Promise<Figure[]> {
  const values: number[] = [];
  for (let start = 0; start < extents.starts; start += 1) {
    const replica = await setting.start();
    try {
      const isRight = await new Api(replica.origin, world.verifier.token).isActive(world.lasting[0]?.text ?? '');
      expectTrue(isRight, 'a replica that has just started refuses a good token');
      values.push(replica.readyAfter);
    } finally {
      await replica.stop();
    }
  }
  return [{ name: 'start to ready', unit: 'ms', values }];
}
