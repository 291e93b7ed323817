// Judges access tokens without asking for each: by the published keys, and the stream of what has been revoked.
// node follower.mjs <origin> <issuer> <token of a verifier>, then one access token a line; one verdict comes back.
import { createInterface } from 'node:readline';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [origin, issuer, token] = process.argv.slice(2);
// The stream tells of single tokens of the verifier's own organization and those below. Renewals of its token keep it.
const { orgId: ownOrgId } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const readKeys = () => createRemoteJWKSet(new URL('/.well-known/jwks.json', origin));
let keys = readKeys();
const latest = { revoked: new Map(), changed: new Map() }; // effect → scope and key → highest sequence
let knownUpTo = -Infinity; // everything revoked up to then has arrived, on this process's own monotonic clock
let lastEventId;

function take(block, sentAt) {
  const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  const { entries = [], asOf } = JSON.parse(field('data') ?? '{}');
  if (field('event') === 'reset') {
    for (const known of Object.values(latest)) known.clear();
    keys = readKeys(); // after a restore, those of before are revoked or were never heard of
  }
  for (const { effect, scope, key, sequence } of entries) {
    const name = `${scope} ${key}`;
    latest[effect].set(name, Math.max(sequence, latest[effect].get(name) ?? 0)); // they may come twice, in any order
  }
  if (field('event') === 'heartbeat') knownUpTo = sentAt + asOf; // counts from the request's arrival, which was later
  lastEventId = field('id') ?? lastEventId;
}

async function follow() {
  const sentAt = performance.now();
  const headers = { authorization: `Bearer ${token}`, ...(lastEventId && { 'last-event-id': lastEventId }) };
  const response = await fetch(`${origin}/api/v1/revocations/stream`, { headers });
  let text = '';
  for await (const chunk of response.ok ? response.body.pipeThrough(new TextDecoderStream()) : []) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop();
    for (const block of blocks) take(block, sentAt);
  }
}

async function judge(text) {
  const options = { issuer, audience: issuer, typ: 'at+jwt', algorithms: ['ES256', 'RS256'] };
  const keysThen = keys;
  const { payload, protectedHeader } = await jwtVerify(text, keysThen, options);
  if (keys !== keysThen) return judge(text); // a reset came in between
  const { jti, sub, authMethod, orgId, rootOrgId, epoch, online } = payload;
  if (orgId !== ownOrgId && rootOrgId !== ownOrgId) return 'inactive'; // a verifier of a wider organization can ask
  const names = [`token ${jti}`, `identity ${sub}`, `identity-method ${sub}:${authMethod}`, 'instance *'];
  names.push(`identity-organization ${sub}:${orgId}`, `organization ${orgId}`, `organization ${rootOrgId}`);
  names.push(`key ${protectedHeader.kid}`);
  if (names.some((name) => latest.revoked.get(name) > epoch)) return 'inactive';
  const isKnown = performance.now() - knownUpTo <= 1000 && !names.some((name) => latest.changed.get(name) > epoch);
  return isKnown && !online ? 'active' : 'ask'; // by introspection
}

const again = () =>
  setTimeout(
    () =>
      void follow()
        .catch(() => undefined)
        .finally(again),
    200,
  );
again();
for await (const text of createInterface({ input: process.stdin }))
  console.log(await judge(text).catch(() => 'inactive'));
process.exit();
