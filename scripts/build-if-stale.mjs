// Builds the project when a build is missing or older than its sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
export const main = join(root, 'dist/bundle/main.js');
const SOURCES = [
  'src',
  'scripts/build.mjs',
  'ormconfig.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'package.json',
];

const newest = (path) => {
  const stat = statSync(path);
  return stat.isDirectory() ? Math.max(...readdirSync(path).map((name) => newest(join(path, name)))) : stat.mtimeMs;
};

const isStale = () => {
  if (!existsSync(main)) return true;
  const present = SOURCES.map((name) => join(root, name)).filter((path) => existsSync(path));
  return Math.max(...present.map(newest)) > statSync(main).mtimeMs;
};

/** Ends the process when the build fails. The image has no sources, so nothing is built there. */
export function buildIfStale() {
  if (!existsSync(join(root, 'src')) || !isStale()) return;
  if (!existsSync(join(root, 'node_modules/.bin/nest'))) {
    console.error('Dependencies are missing: run "npm ci" first.');
    process.exit(1);
  }
  console.log('building …');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildIfStale();
