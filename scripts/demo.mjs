// Tells the whole story against a running service: each request and each answer, tokens shortened.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const origin = process.env.DEMO_ORIGIN ?? 'http://localhost:8080';
const tokenFile = process.env.DEMO_TOKEN_FILE ?? fileURLToPath(new URL('../.data/admin-token', import.meta.url));

const shorten = (text) => text.replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, (token) => `${token.slice(0, 12)}…`);

const call = async (title, method, path, token, body, expected = 200) => {
  console.log(`\n# ${title}\n${method} ${path}${body ? `\n${JSON.stringify(body)}` : ''}`);
  const content = body ? { body: JSON.stringify(body) } : {};
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) };
  const response = await fetch(`${origin}${path}`, { method, headers, ...content });
  const answer = await response.json();
  console.log(`→ ${response.status} ${shorten(JSON.stringify(answer, null, 2))}`);
  if (response.status !== expected) throw new Error(`expected ${expected}, got ${response.status}`);
  return answer;
};

try {
  const admin = process.env.DEMO_TOKEN ?? (await readFile(tokenFile, 'utf8')).trim();
  const own = await call('Who am I?', 'GET', '/api/v1/identities/details', admin);
  const organizationId = own.identityDetails.organization.id;
  const created = await call('Create an identity', 'POST', '/api/v1/identities', admin, {
    name: 'demo-pipeline',
    organizationId,
    role: 'member',
  });
  const identity = created.identity.id;
  const config = `/api/v1/auth/token-auth/identities/${identity}`;
  await call('Attach Token Auth to it', 'POST', config, admin, { accessTokenTTL: 3600, accessTokenMaxTTL: 86_400 });
  const minted = await call('Create a token for it', 'POST', `${config}/tokens`, admin, { name: 'demo' });
  const tokenPath = `/api/v1/auth/token-auth/tokens/${minted.tokenData.id}`;
  await call('Use the new token', 'GET', '/api/v1/identities/details', minted.accessToken);
  await call('List its tokens', 'GET', `${config}/tokens`, admin);
  await call('Revoke the token', 'POST', `${tokenPath}/revoke`, admin);
  await call('See it refused', 'GET', '/api/v1/identities/details', minted.accessToken, undefined, 401);
  console.log('\nAll as it should be.');
} catch (error) {
  const hint =
    error.cause?.code === 'ECONNREFUSED'
      ? `Is the service running at ${origin}? Start it with "npm start".`
      : error.message;
  console.error(`\nThe demo stopped: ${hint}`);
  process.exitCode = 1;
}
