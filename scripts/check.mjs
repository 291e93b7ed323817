// Runs every check of the project, the tests last, and ends with a line of the test runner's own counts.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeScratch } from './scratch.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const scratch = makeScratch();
const report = join(scratch, 'jest.json');
const generated = join(scratch, 'openapi.json');

const bin = (name) => join(root, 'node_modules', '.bin', name);
/** Whether a command ends well, and what it says, unless that goes to the terminal at once. */
const run = (command, args, { stdio = 'pipe', env = process.env } = {}) =>
  new Promise((resolve) => {
    const chunks = [];
    const child = spawn(command, args, { cwd: root, env, stdio: ['inherit', stdio, stdio] });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => chunks.push(chunk));
    child.once('error', (error) => resolve({ isGood: false, output: error.message }));
    child.once('close', (status) => resolve({ isGood: status === 0, output: Buffer.concat(chunks).toString().trim() }));
  });

const checkOpenapi = async () => {
  const made = await run(process.execPath, ['dist/bundle/cli/main.js', 'openapi', '--out', generated]);
  if (!made.isGood || readFileSync(generated, 'utf8') === readFileSync(join(root, 'openapi.json'), 'utf8')) return made;
  return { isGood: false, output: 'openapi.json is stale: run "npm run openapi" and commit it' };
};

/** Two chains, one for each of two cores; within a chain, a step may need what the one before has made. */
const CHAINS = [
  [
    { name: 'build', check: () => run(process.execPath, ['scripts/build.mjs']) },
    { name: 'openapi.json', check: checkOpenapi },
    { name: 'import directions', check: () => run(bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'src']) },
    {
      name: 'bench answers',
      check: () =>
        run(process.execPath, ['dist/bench/main.js', '--check'], { env: { ...process.env, TMPDIR: scratch } }),
    },
  ],
  [
    {
      name: 'docs/configuration.md',
      check: () => run(process.execPath, ['scripts/configuration-docs.mjs', '--check']),
    },
    { name: 'format', check: () => run(bin('prettier'), ['--check', '.']) },
    { name: 'lint', check: () => run(bin('oxlint'), ['--type-aware', '--deny-warnings']) },
    { name: 'types', check: () => run(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']) },
  ],
];

let failedSteps = 0;
const runChain = async (chain) => {
  for (const { name, check } of chain) {
    const started = performance.now();
    const { isGood, output } = await check();
    if (!isGood) failedSteps += 1;
    if (output) console.log(output);
    console.log(`${isGood ? 'ok' : 'FAILED'}  ${name}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
};
await Promise.all(CHAINS.map(runChain));

const jestArguments = ['--json', '--outputFile', report, ...process.argv.slice(2)];
const { isGood: isGreen } = await run(bin('jest'), jestArguments, { stdio: 'inherit' });
const counts = (() => {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1 };
  }
})();
rmSync(scratch, { recursive: true, force: true });
const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites + failedSteps;
console.log(`${counts.numPassedTests} passed, ${failed === 0 && !isGreen ? 1 : failed} failed`);
process.exitCode = failed === 0 && isGreen ? 0 : 1;
