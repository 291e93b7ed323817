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
    sourceMaps: 'inline',
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
  maxWorkers: 2,
  testTimeout: 30_000,
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: '\\.(e2e-)?spec\\.ts$',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': swc, [`node_modules/(${esm})/.+\\.m?js$`]: swc },
  transformIgnorePatterns: [],
  setupFiles: ['reflect-metadata'],
  globalSetup: './test/support/global-setup.mjs',
  globalTeardown: './test/support/global-teardown.mjs',
};
