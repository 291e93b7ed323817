// Tells the whole story against a running service: each request and each answer, tokens shortened.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const origin = process.env.DEMO_ORIGIN ?? 'http://localhost:8080';
const tokenFile = process.env.DEMO_TOKEN_FILE ?? fileURLToPath(new URL('../.data/admin-token', import.meta.url));

const shorten = (text) => text.replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, (token) => `${token.slice(0, 12)}…`);

const call = async (title, method, path, { token, body, headers, expected = 200 }) => {
  const sent = { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) };
  console.log(`\n# ${title}\n${method} ${path}`);
  for (const [name, value] of Object.entries(headers ?? {})) console.log(`${name}: ${value}`);
  if (body) console.log(shorten(JSON.stringify(body)));
  const authorization = token ? { authorization: `Bearer ${token}` } : {};
  const content = body ? { body: JSON.stringify(body) } : {};
  const response = await fetch(`${origin}${path}`, { method, headers: { ...sent, ...authorization }, ...content });
  const answer = await response.json();
  console.log(`→ ${response.status} ${shorten(JSON.stringify(answer, null, 2))}`);
  if (response.status !== expected) throw new Error(`expected ${expected}, got ${response.status}`);
  return answer;
};

/** From an identity without anything to a token that is dead again. */
const tellOfTokens = async (token, organizationId) => {
  const { identity } = await call('Create an identity', 'POST', '/api/v1/identities', {
    token,
    body: { name: 'demo-pipeline', organizationId, role: 'member' },
  });
  const config = `/api/v1/auth/token-auth/identities/${identity.id}`;
  const limits = { accessTokenTTL: 3600, accessTokenMaxTTL: 86_400 };
  await call('Attach Token Auth to it', 'POST', config, { token, body: limits });
  const mint = { token, body: { name: 'demo' }, headers: { 'idempotency-key': `demo-${identity.id}` } };
  const minted = await call('Create a token for it', 'POST', `${config}/tokens`, mint);
  await call('Repeat that, as if the answer had been lost', 'POST', `${config}/tokens`, mint);
  await call('Use the new token', 'GET', '/api/v1/identities/details', { token: minted.accessToken });
  const { accessToken } = await call('Renew it', 'POST', '/api/v1/auth/token/renew', {
    body: { accessToken: minted.accessToken },
  });
  const question = { token, body: { token: accessToken, consume: false } };
  await call('Ask whether it is good, as another service does', 'POST', '/oauth2/introspect', question);
  await call('List its tokens', 'GET', `${config}/tokens`, { token });
  const record = `/api/v1/auth/token-auth/tokens/${minted.tokenData.id}`;
  await call('Revoke the token', 'POST', `${record}/revoke`, { token });
  await call('See it refused', 'GET', '/api/v1/identities/details', { token: accessToken, expected: 401 });
  await call('Ask again', 'POST', '/oauth2/introspect', question);
  await call('See what followers are told', 'GET', '/api/v1/revocations?limit=1000', { token });
  return identity.id;
};

/** A tenant of its own, a token that works there alone, and a role of the organization's own making. */
const tellOfOrganizations = async (token, identityId) => {
  const { organization } = await call('Create a sub-organization', 'POST', '/api/v1/sub-organizations', {
    token,
    body: { name: `Demo ${identityId}` },
  });
  const sub = `/api/v1/sub-organizations/${organization.id}`;
  await call('Add the identity to it', 'PUT', `${sub}/memberships/${identityId}`, { token, body: { role: 'member' } });
  const { accessToken } = await call(
    'Create a token that works there alone',
    'POST',
    `/api/v1/auth/token-auth/identities/${identityId}/tokens`,
    { token, body: { organizationSlug: organization.slug } },
  );
  await call('See where it works', 'GET', '/api/v1/identities/details', { token: accessToken });
  const { role } = await call('Make a role', 'POST', '/api/v1/organization/roles', {
    token,
    body: {
      slug: `minter-${identityId}`,
      name: 'Minter',
      permissions: [{ subject: 'identity', action: ['read', 'create-token'] }],
    },
  });
  const path = `/api/v1/identities/${identityId}`;
  await call('Give it to the identity', 'PATCH', path, { token, body: { role: role.slug } });
  await call('Delete the identity', 'DELETE', path, { token });
  await call('Delete the role', 'DELETE', `/api/v1/organization/roles/${role.id}`, { token });
  await call('Delete the sub-organization', 'DELETE', sub, { token });
  await call('See its token refused', 'GET', '/api/v1/identities/details', { token: accessToken, expected: 401 });
  await call('Read who did what', 'GET', `/api/v1/audit-logs?identity=${identityId}&limit=3`, { token });
};

try {
  const admin = process.env.DEMO_TOKEN ?? (await readFile(tokenFile, 'utf8')).trim();
  const own = await call('Who am I?', 'GET', '/api/v1/identities/details', { token: admin });
  const identityId = await tellOfTokens(admin, own.identityDetails.organization.id);
  await tellOfOrganizations(admin, identityId);
  console.log('\nAll as it should be.');
} catch (error) {
  const hint =
    error.cause?.code === 'ECONNREFUSED'
      ? `Is the service running at ${origin}? Start it with "npm start".`
      : error.message;
  console.error(`\nThe demo stopped: ${hint}`);
  process.exitCode = 1;
}
