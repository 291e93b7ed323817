import type { Answer } from './http-client.js';
import type { TestApp } from './test-app.js';

/** An id that nothing has. */
export const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

const CONFIGS = '/api/v1/auth/token-auth/identities';
const TOKENS = '/api/v1/auth/token-auth/tokens';

/** The operations of Token Auth as a caller sends them: by the administrator of the root unless a token is given. */
export class TokenAuthApi {
  constructor(private readonly app: TestApp) {}

  attach = (id: string, body: unknown = {}, token?: string) => this.send('POST', `${CONFIGS}/${id}`, token, body);
  update = (id: string, body: unknown, token?: string) => this.send('PATCH', `${CONFIGS}/${id}`, token, body);
  config = (id: string, token?: string) => this.send('GET', `${CONFIGS}/${id}`, token);
  detach = (id: string, token?: string) => this.send('DELETE', `${CONFIGS}/${id}`, token);
  mint = (id: string, body?: unknown, token?: string) => this.send('POST', `${CONFIGS}/${id}/tokens`, token, body);
  list = (id: string, query = '', token?: string) => this.send('GET', `${CONFIGS}/${id}/tokens${query}`, token);
  read = (tokenId: string, token?: string) => this.send('GET', `${TOKENS}/${tokenId}`, token);
  readOf = (id: string, tokenId: string, token?: string) =>
    this.send('GET', `${CONFIGS}/${id}/tokens/${tokenId}`, token);
  rename = (tokenId: string, body: unknown, token?: string) => this.send('PATCH', `${TOKENS}/${tokenId}`, token, body);
  revoke = (tokenId: string, token?: string) => this.send('POST', `${TOKENS}/${tokenId}/revoke`, token);

  /** Whether a token is good: the status of a route that any valid token may ask. */
  use = async (token: string): Promise<number> =>
    (await this.app.http.get('/api/v1/identities/details', { token })).status;

  /** The audit rows about an identity under one name, oldest first. */
  events = (event: string, identityId: string): Promise<object[]> =>
    this.app.db.query(
      `SELECT outcome, actor_identity_id AS actor, token_id AS token FROM audit_event
       WHERE event = $1 AND identity_id = $2 ORDER BY created_at, id`,
      [event, identityId],
    );

  private async send(method: string, path: string, token?: string, body?: unknown): Promise<Answer> {
    const caller = token ?? (await this.app.given.root()).token;
    return this.app.http.send(method, path, { token: caller, body });
  }
}
