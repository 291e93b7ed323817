import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './manifests.js';

/** Tells what it was asked, and a Job whose state is read from a file that each look moves on. */
const KUBECTL = `#!/bin/sh
echo "$*" >> "$SCRATCH/calls"
case "$*" in
  kustomize*) printf 'metadata:\\n  namespace: somewhere\\n' ;;
  *'get job'*)
    head -n 1 "$SCRATCH/states"
    if [ "$(wc -l < "$SCRATCH/states")" -gt 1 ]; then sed -i 1d "$SCRATCH/states"; fi ;;
esac
`;

describe('rollout.sh', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'token-auth-rollout-'));
  beforeAll(() => {
    for (const [name, text] of [
      ['kubectl', KUBECTL],
      ['sleep', '#!/bin/sh\n'],
    ] as const) {
      writeFileSync(join(scratch, name), text);
      chmodSync(join(scratch, name), 0o755);
    }
  });
  afterEach(() => rmSync(join(scratch, 'calls')));
  afterAll(() => rmSync(scratch, { recursive: true }));

  /** What the script asked of kubectl, by what a Job became of. */
  const rollOut = (...states: string[]) => {
    writeFileSync(join(scratch, 'states'), `${states.join('\n')}\n`);
    const env = { PATH: `${scratch}:${process.env.PATH}`, SCRATCH: scratch };
    const { status } = spawnSync('sh', ['deploy/kubernetes/rollout.sh', 'an/overlay'], { cwd: ROOT, env });
    const calls = existsSync(join(scratch, 'calls')) ? readFileSync(join(scratch, 'calls'), 'utf8') : '';
    return {
      status,
      calls: calls
        .trimEnd()
        .split('\n')
        .map((call) => call.replace(/--filename \S+/, '--filename F')),
    };
  };

  const LOOK = expect.stringMatching(
    /^--namespace somewhere get job --selector app\.kubernetes\.io\/component=migrate /,
  ) as string;

  it('migrates before it touches a pod, and waits for the pods', () => {
    const { status, calls } = rollOut('', '', 'SuccessCriteriaMet Complete');
    expect(status).toBe(0);
    expect(calls).toEqual([
      'kustomize an/overlay',
      '--namespace somewhere delete job --selector app.kubernetes.io/component in (migrate, bootstrap) --ignore-not-found',
      'apply --filename F --selector app.kubernetes.io/component notin (service, bootstrap)',
      LOOK,
      LOOK,
      LOOK,
      LOOK,
      'apply --filename F',
      '--namespace somewhere rollout status deployment/token-auth --timeout=15m',
    ]);
  });

  it('shows what a migration waits for that does not get on', () => {
    const { status, calls } = rollOut(...Array.from({ length: 31 }, () => ''), 'Complete');
    expect(status).toBe(0);
    expect(calls.filter((call) => call.includes('get pods'))).toEqual(
      Array.from({ length: 2 }, () => '--namespace somewhere get pods --selector app.kubernetes.io/component=migrate'),
    );
  });

  it('leaves the pods of before alone when the migration fails', () => {
    const { status, calls } = rollOut('', 'FailureTarget Failed');
    expect(status).toBe(1);
    expect(calls.filter((call) => call.startsWith('apply'))).toHaveLength(1);
    expect(calls.at(-1)).toContain('logs --selector app.kubernetes.io/component=migrate');
  });
});
