import config from './jest.config.mjs';

const { globalSetup: _setup, globalTeardown: _teardown, ...rest } = config;

/** Unit specs only: they need neither a build nor PostgreSQL. */
export default { ...rest, roots: ['<rootDir>/src'] };
