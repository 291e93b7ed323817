const swc = [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    // In a file beside the code, which is read for every test file and the map hardly ever.
    sourceMaps: true,
  },
];

/** Dependencies that ship ES modules only; Jest compiles them to CommonJS, so that no Node flag is needed. */
const esm = [
  '@nestjs',
  'jose',
  'file-type',
  'content-disposition',
  'cookie',
  'strtok3',
  'token-types',
  'uint8array-extras',
  'load-esm',
  '@borewit',
  '@tokenizer',
  'find-my-way',
  'js-yaml',
  'es-toolkit',
  'uuid',
  'fast-check',
  'pure-rand',
].join('|');

export default {
  testEnvironment: 'node',
  // One more than the cores that it has to do with: tests wait for PostgreSQL, for services that start and for timers.
  maxWorkers: 3,
  testTimeout: 30_000,
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: '\\.(e2e-)?spec\\.ts$',
  resolver: './test/support/resolver.cjs',
  moduleNameMapper: {
    '^es-toolkit/compat$': '<rootDir>/test/support/lazy/es-toolkit-compat.cjs',
    '^libphonenumber-js/max$': '<rootDir>/test/support/lazy/libphonenumber-js-max.cjs',
  },
  transform: { '^.+\\.ts$': swc, [`node_modules/(${esm})/.+\\.m?js$`]: swc },
  transformIgnorePatterns: [`/node_modules/(?!(.+/node_modules/)?(${esm})/)`],
  setupFiles: ['reflect-metadata'],
  testSequencer: './test/support/longest-first.mjs',
  globalSetup: './test/support/global-setup.mjs',
  globalTeardown: './test/support/global-teardown.mjs',
};
