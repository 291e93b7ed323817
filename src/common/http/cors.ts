/** What pages of other origins may send and read. No cookie is ever asked for, and none would count. */
export const corsOptions = (origins: readonly string[]) => ({
  origin: origins.includes('*') ? '*' : [...origins],
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id'],
  exposedHeaders: [
    'x-request-id',
    'x-token-denial',
    'www-authenticate',
    'retry-after',
    'ratelimit',
    'ratelimit-policy',
    'sub-organization-memberships',
  ],
  credentials: false,
  /** Seconds that a browser needs not ask again. */
  maxAge: 600,
  // A request for options that is no question of a browser's gets the same harmless answer.
  strictPreflight: false,
});
