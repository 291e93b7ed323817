import { AppConfig } from './app-config.js';

const DATABASE_URL = 'postgres://db/token_auth';

describe('AppConfig', () => {
  const load = (env: NodeJS.ProcessEnv, isDatabaseAlone: boolean) => () => AppConfig.load(env, { isDatabaseAlone });

  it('asks tools that work on the database alone for no issuer and no key', () => {
    expect(load({ DATABASE_URL }, true)().DATABASE_URL).toBe(DATABASE_URL);
    expect(load({ DATABASE_URL }, false)).toThrow(/ISSUER.*KEY_ENCRYPTION_KEYS/s);
  });

  it.each([
    { name: 'none in production', env: { NODE_ENV: 'production' } },
    { name: 'none where the embedded one is forbidden', env: { EMBEDDED_DATABASE: 'false' } },
    { name: 'two of them', env: { EMBEDDED_DATABASE: 'true', DATABASE_URL } },
  ])('asks every tool for one database: refuses $name', ({ env }) => {
    expect(load(env, true)).toThrow('DATABASE_URL');
    expect(load(env, false)).toThrow('DATABASE_URL');
  });

  it('refuses a name that stands for two addresses, where each would have a limit of connections of its own', () => {
    expect(load({ HOST: 'localhost', DATABASE_URL }, true)).toThrow('HOST must be one address');
    expect(load({ HOST: '::1', DATABASE_URL }, true)).not.toThrow();
  });
});
