// Runs every check of the project in order, and ends with a line of the test runner's own counts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'token-auth-check-'));
const report = join(scratch, 'jest.json');
const generated = join(scratch, 'openapi.json');

const bin = (name) => join(root, 'node_modules', '.bin', name);
const run = (command, ...args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;

const isOpenapiFresh = () => {
  if (!run(process.execPath, 'dist/src/cli/main.js', 'openapi', '--out', generated)) return false;
  if (readFileSync(generated, 'utf8') === readFileSync(join(root, 'openapi.json'), 'utf8')) return true;
  console.error('openapi.json is stale: run "npm run openapi" and commit it');
  return false;
};

const STEPS = [
  { name: 'format', isGood: () => run(bin('prettier'), '--check', '.') },
  { name: 'lint', isGood: () => run(bin('oxlint'), '--type-aware', '--deny-warnings') },
  { name: 'import directions', isGood: () => run(bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'src') },
  { name: 'types', isGood: () => run(bin('tsc'), '--noEmit', '-p', 'tsconfig.json') },
  { name: 'build', isGood: () => run(bin('nest'), 'build') },
  { name: 'openapi.json', isGood: isOpenapiFresh },
];

let failedSteps = 0;
for (const { name, isGood } of STEPS) {
  const started = performance.now();
  const good = isGood();
  if (!good) failedSteps += 1;
  console.log(`${good ? 'ok' : 'FAILED'}  ${name}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

const isGreen = run(bin('jest'), '--json', '--outputFile', report, ...process.argv.slice(2));
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
