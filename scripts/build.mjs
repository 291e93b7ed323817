// Builds the project: its modules, each by itself, in "dist"; and of those and of all packages that the service loads,
// few files in "dist/bundle", which are what runs. Finding and reading thousands of files would take a third of the
// start, and what is not loaded of a package takes no memory.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Loaded from "node_modules": what tracing changes as it is loaded, what is one for all, and what is made of assets. */
const LEFT = /^(pg|reflect-metadata|swagger-ui-dist)(\/|$)/;

/** What packages use where it is there. It isn't, and whoever installed it would want a new build. */
const ABSENT = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/microservices/microservices-module.js',
  '@nestjs/platform-express',
  '@nestjs/websockets/socket-module.js',
];

/** A package that makes itself a `require` would find others in "node_modules", a second time. */
const requireOfBundle = {
  name: 'require-of-bundle',
  transform: {
    filter: { id: /node_modules/ },
    handler: (code) => code.replace(/^const require = createRequire\(import\.meta\.url\);$/m, ''),
  },
};

async function bundle() {
  const build = await rolldown({
    cwd: root,
    input: { main: 'dist/src/main.js', 'cli/main': 'dist/src/cli/main.js' },
    platform: 'node',
    external: [LEFT, ...ABSENT],
    plugins: [requireOfBundle],
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  await build.write({
    dir: join(root, 'dist/bundle'),
    format: 'esm',
    // As deep as the modules in "dist/src/cli", which find the package and the entry from where they are.
    chunkFileNames: 'cli/[name]-[hash].js',
    // Names and lines stay: errors tell them.
    minify: false,
    comments: false,
  });
  await build.close();
}

const { status } = spawnSync(join(root, 'node_modules/.bin/nest'), ['build'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await bundle();
