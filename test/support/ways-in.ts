import type { TestApp } from './test-app.js';

/** What each way in that takes a token says of one: whether it is good. */
export type Verdicts = Record<'bearer' | 'introspection' | 'batch' | 'renewal', boolean>;

/**
 * Shows a text to every way in, by a verifier where there is one, and gives what each said. A refusal has the one form that it has there; anything else
 * fails the test, also where it refuses.
 */
export async function showEverywhere({ http }: TestApp, text: string, verifier: string): Promise<Verdicts> {
  const bearer = await http.get('/api/v1/identities/details', { token: text });
  const introspection = await http.post('/oauth2/introspect', {
    token: verifier,
    body: { token: text, consume: false },
  });
  const batch = await http.post('/oauth2/introspect/batch', { token: verifier, body: { tokens: [{ token: text }] } });
  const renewal = await http.post('/api/v1/auth/token/renew', { body: { accessToken: text } });
  for (const { status } of [bearer, renewal]) expect([200, 401]).toContain(status);
  for (const { body } of [introspection, { body: batch.body.results[0] }]) {
    expect(body).toEqual(body.active === true ? expect.objectContaining({ active: true }) : { active: false });
  }
  return {
    bearer: bearer.status === 200,
    introspection: introspection.body.active as boolean,
    batch: batch.body.results[0].active as boolean,
    renewal: renewal.status === 200,
  };
}

const everywhere = (isGood: boolean): Verdicts => ({
  bearer: isGood,
  introspection: isGood,
  batch: isGood,
  renewal: isGood,
});

export const GOOD = everywhere(true);
export const REFUSED = everywhere(false);
