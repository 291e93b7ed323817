/**
 * Imports go down only. Each level may import the levels below it and nothing beside or above it.
 * The order is the one of docs/architecture.md.
 */
const LEVELS = [
  ['main', 'app', 'cli'],
  ['bootstrap', 'health', 'retention', 'tracing'],
  ['token-auth'],
  ['organization', 'identity', 'role', 'audit-log', 'revocation-feed'],
  ['access-token'],
  ['permission'],
  ['audit-event', 'revocation'],
  ['database'],
  ['config'],
  ['common'],
];

/** The path pattern of one folder; `main` and `app` are files at the top of `src`. */
const pathOf = (name) => (['main', 'app'].includes(name) ? `^src/${name}\\.` : `^src/${name}/`);

const upwards = LEVELS.slice(1).map((level, index) => ({
  name: `no-import-up-from-${level[0]}`,
  comment: 'A lower level knows nothing of a higher one.',
  severity: 'error',
  from: { path: level.map(pathOf) },
  to: {
    path: LEVELS.slice(0, index + 1)
      .flat()
      .map(pathOf),
  },
}));

const sideways = LEVELS.slice(1).flatMap((level) =>
  level
    .filter(() => level.length > 1)
    .map((name) => ({
      name: `no-import-beside-${name}`,
      comment: 'Folders on one level do not import one another; what they share moves down.',
      severity: 'error',
      from: { path: pathOf(name) },
      to: { path: level.filter((other) => other !== name).map(pathOf) },
    })),
);

module.exports = {
  forbidden: [
    ...upwards,
    ...sideways,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-test-in-src', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'no-dev-dependency-in-src',
      comment: 'What the service loads is installed in production. The embedded database is loaded by path, on demand.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types/|typescript' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
