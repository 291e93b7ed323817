import { Api } from '../api.js';
import { CONNECTIONS, load } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';
import { expectTrue } from '../wrong-answer.js';
import { forgeryOf } from '../shots.js';

const WHO_AM_I = '/api/v1/identities/details';

/**
 * Forged bearers from one address: refused one by one, until the address has spent what it may fail. Then all that
 * comes from it is refused before anything is looked at, and nobody else notices.
 */
export function floods({ world, other, extents }: Stage): Scenario[] {
  const { failures } = extents;
  const api = new Api(other.origin, world.admin.token);
  let addresses = 0;
  const measure = async () => {
    addresses += 1;
    const address = `203.0.113.${addresses}`;
    const forged = 2 * failures + 2 * CONNECTIONS;
    const waits: number[] = [];
    let beside: Promise<number> | undefined;
    const result = await load({
      server: other,
      extent: { requests: forged },
      shots: () =>
        world.lasting.slice(0, 16).map((token) => ({
          method: 'GET',
          path: WHO_AM_I,
          headers: { authorization: `Bearer ${forgeryOf(token).text}`, 'x-forwarded-for': address },
          onResponse: (status, _body, _context, headers = {}) => {
            if (status !== 429) return;
            waits.push(Number(headers['retry-after']));
            beside ??= fromAnotherAddress(api);
          },
          isRight: (body) => body.includes('"UnauthorizedError"') || body.includes('"RateLimitExceeded"'),
        })),
      statuses: [401, 429],
    });
    const judged = result.statuses['401'] ?? 0;
    expectTrue(
      judged >= failures && judged < forged,
      `${judged} of ${forged} forged bearers were judged, and an address may fail ${failures} times a minute`,
    );
    expectTrue(waits.length > 0 && waits.every((seconds) => seconds >= 1), 'a 429 says nothing of when to come back');
    const status = await beside;
    expectTrue(status === 200, `beside a flood that is refused, another address is answered ${status}`);
    return result;
  };
  return [{ name: 'forged bearers, one address', unit: 'requests/s', measure }];
}

/** The status of a good request, or 0 when it has no answer. */
const fromAnotherAddress = (api: Api): Promise<number> =>
  api.ask('GET', WHO_AM_I, undefined, { 'x-forwarded-for': '198.51.100.1' }).then(
    ({ status }) => status,
    () => 0,
  );
