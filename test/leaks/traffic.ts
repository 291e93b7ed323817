import { randomBytes } from 'node:crypto';
import { EventStream } from '../support/event-stream.js';
import { HttpClient, type RequestOptions } from '../support/http-client.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';

const TOKENS = '/api/v1/auth/token-auth';
const DETAILS = '/api/v1/identities/details';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** What the traffic that is to be traced from outside says of its trace. */
export const TRACE_ID = randomBytes(16).toString('hex');
export const PARENT_ID = randomBytes(8).toString('hex');

/** Uses the service in every way that handles a secret, the wrong ones too, and keeps the secrets. */
export class Traffic {
  /** Every text that must show up nowhere. */
  readonly secrets = new Set<string>();
  readonly statuses = new Set<number>();
  private readonly http: HttpClient;

  constructor(private readonly origin: string) {
    this.http = new HttpClient(origin);
  }

  private async send(method: string, path: string, options: RequestOptions = {}) {
    const answer = await this.http.send(method, path, options);
    this.statuses.add(answer.status);
    for (const text of JSON.stringify(answer.body ?? '').match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) ?? []) {
      this.secrets.add(text);
    }
    return answer;
  }

  /** Sets the instance up; gives the administrator's token and identity. */
  async bootstrap(secret: string): Promise<{ token: string; identityId: string; organizationId: string }> {
    this.secrets.add(secret);
    const body = { email: 'ops@example.com', organization: 'Acme' };
    const wrong = randomBytes(24).toString('hex');
    this.secrets.add(wrong);
    await this.send('POST', '/api/v1/admin/bootstrap', { token: wrong, body });
    const { identity, organization } = (await this.send('POST', '/api/v1/admin/bootstrap', { token: secret, body }))
      .body;
    return { token: identity.credentials.token, identityId: identity.id, organizationId: organization.id };
  }

  /** A token lives and dies, and is asked about on the way. */
  async lifeOfTokens(admin: string, organizationId: string): Promise<void> {
    const body = { name: 'deploy', organizationId, role: 'verifier' };
    const { identity } = (await this.send('POST', '/api/v1/identities', { token: admin, body })).body;
    const config = `${TOKENS}/identities/${identity.id}`;
    await this.send('POST', config, { token: admin, body: { accessTokenTTL: 600 } });
    const mint = { token: admin, body: { name: 'first' }, headers: { 'idempotency-key': 'once' } };
    const { accessToken, tokenData } = (await this.send('POST', `${config}/tokens`, mint)).body;
    await this.send('POST', `${config}/tokens`, mint);
    await this.send('POST', `${config}/tokens`, { ...mint, headers: traced() });
    const renewed = (await this.send('POST', '/api/v1/auth/token/renew', { body: { accessToken } })).body.accessToken;
    await this.askAbout(renewed, admin);
    await this.send('POST', '/api/v1/identities', { token: renewed, body });
    const stream = await EventStream.open(`${this.origin}/api/v1/revocations/stream`, renewed);
    await stream.next();
    await this.send('POST', `${TOKENS}/tokens/${tokenData.id}/revoke`, { token: admin });
    await stream.ended();
    await this.askAbout(renewed, admin);
    await this.send('GET', `${config}/tokens`, { token: admin });
    await this.send('DELETE', config, { token: admin });
    await this.send('GET', '/api/v1/audit-logs', { token: admin });
  }

  private async askAbout(token: string, caller: string): Promise<void> {
    await this.send('GET', DETAILS, { token });
    await this.send('POST', '/oauth2/introspect', { token: caller, body: { token } });
    await this.send('POST', '/oauth2/introspect', { token: caller, headers: FORM, body: `token=${token}` });
    await this.send('POST', '/oauth2/introspect/batch', {
      token: caller,
      body: { tokens: [{ token }, { token: 'x' }] },
    });
    await this.send('POST', '/api/v1/auth/token/renew', { body: { accessToken: token } });
    await this.send('POST', '/oauth2/revoke', { headers: FORM, body: `token=${token.slice(0, -2)}` });
  }

  /** Good tokens at every wrong place, and forged ones at the right one. */
  async mishaps(admin: string): Promise<void> {
    const [head = '', claims = '', signature = ''] = admin.split('.');
    const forged = [`${head}.${claims}.${'A'.repeat(signature.length)}`, `${head}.${claims}`, `${admin}x`, `${admin}.`];
    for (const token of forged) {
      this.secrets.add(token);
      await this.send('GET', DETAILS, { token });
      await this.send('POST', '/oauth2/introspect', { token: admin, body: { token } });
    }
    const inHeaders = {
      'user-agent': admin,
      'x-request-id': admin,
      tracestate: `a=${signature}`,
      baggage: `t=${admin}`,
      'x-forwarded-for': admin,
    };
    await this.send('GET', `${DETAILS}?access_token=${admin}`, { headers: { ...traced(), ...inHeaders } });
    await this.send('DELETE', `/api/v1/identities/${admin}`, { token: admin, headers: inHeaders });
    await this.send('GET', `${TOKENS}/tokens/${admin}`, { token: admin });
    await this.send('GET', `/no-such-route/${admin}`, { token: admin });
    await this.send('GET', `/api/v1/audit-logs?cursor=${admin}`, { token: admin });
    await this.send('POST', '/api/v1/identities', { token: admin, body: { name: 7, organizationId: admin } });
    await this.send('POST', '/api/v1/auth/token/renew', { body: `{"accessToken":"${admin}"` });
    await this.send('POST', '/api/v1/auth/token/renew', { body: `{"accessToken":"${admin.repeat(200)}"}` });
    await this.send('POST', '/oauth2/revoke', { headers: { 'content-type': 'text/plain' }, body: admin });
    const authorization = `Bearer ${admin}`;
    await sendRaw(this.origin, rawRequest(`GET /api/v1/%zz?${admin}`, { authorization }));
    await sendRaw(this.origin, rawRequest(`GET ${admin}`, { authorization }));
    await sendRaw(this.origin, rawRequest('GET /api/status', { authorization, cookie: admin.repeat(60) }));
  }

  /** Something breaks that nobody expects, while a token is on its way. */
  async fault(admin: string): Promise<void> {
    await this.send('POST', '/api/v1/auth/token/renew', { body: { accessToken: admin } });
    await this.send('GET', DETAILS, { token: admin });
  }
}

const traced = (): Record<string, string> => ({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
