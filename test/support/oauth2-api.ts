import type { Answer } from './http-client.js';
import type { TestApp } from './test-app.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** The operations below `/oauth2` as a verifier sends them: by the administrator of the root unless a token is given. */
export class OAuth2Api {
  constructor(private readonly app: TestApp) {}

  introspect = async (body: unknown, token?: string): Promise<Answer> =>
    this.app.http.post('/oauth2/introspect', { token: await this.callerOr(token), body });

  introspectForm = async (fields: Record<string, string>, token?: string): Promise<Answer> => {
    const body = new URLSearchParams(fields).toString();
    return this.app.http.post('/oauth2/introspect', { token: await this.callerOr(token), headers: FORM, body });
  };

  introspectAll = async (body: unknown, token?: string): Promise<Answer> =>
    this.app.http.post('/oauth2/introspect/batch', { token: await this.callerOr(token), body });

  revoke = async (body: unknown, headers?: Record<string, string>): Promise<Answer> =>
    this.app.http.post('/oauth2/revoke', { body, headers });

  revokeForm = async (fields: Record<string, string>): Promise<Answer> =>
    this.app.http.post('/oauth2/revoke', { headers: FORM, body: new URLSearchParams(fields).toString() });

  private callerOr = async (token?: string): Promise<string> => token ?? (await this.app.given.root()).token;
}
