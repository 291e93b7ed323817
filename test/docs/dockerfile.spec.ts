import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { createProgram } from '../../src/cli/program.js';
import { PROCESS } from '../../src/cli/terminal.js';

const ROOT = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const lines = read('Dockerfile').split('\n');
const lastStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

describe('the image', () => {
  it('copies only what is there and what .dockerignore lets through', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    const allowed = new Set(
      read('.dockerignore')
        .split('\n')
        .filter((line) => line.startsWith('!'))
        .map((line) => line.slice(1)),
    );
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)) || !allowed.has(path))).toEqual([]);
  });

  it('runs a file that the build makes, as a process of its own that signals reach', () => {
    const command = lastStage.find((line) => line.startsWith('CMD ')) ?? '';
    const args = JSON.parse(command.slice('CMD '.length)) as string[];
    expect(args[0]).toBe('node');
    expect(existsSync(join(ROOT, args.at(-1) ?? ''))).toBe(true);
  });

  it('has the command line on its path, by which the manifests and the manuals call it', () => {
    const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
    const file = join(bin['token-auth'] ?? '');
    expect(lastStage).toContain(`RUN ln -s /app/${file} /usr/local/bin/token-auth`);
    expect(lines).toContain(`RUN npm run build && chmod +x ${file}`);
    expect(read(file).split('\n')[0]).toBe('#!/usr/bin/env node');
    const known = new Set(createProgram(PROCESS).commands.map((command) => command.name()));
    const jobs = ['base/migrate-job.yaml', 'components/bootstrap/job.yaml'].map((name) => `deploy/kubernetes/${name}`);
    for (const path of ['compose.yaml', 'docs/operations.md', ...jobs]) {
      const text = read(path);
      expect(text).not.toMatch(/dist\/src\//);
      const calls = [...text.matchAll(/(?:\[|- |exec |-- )token-auth(?:, | |\s+- )([a-z]+)/g)].map(
        ([, name = '']) => name,
      );
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it('runs as a user who is a number and not root', () => {
    expect(lastStage.find((line) => line.startsWith('USER '))).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
  });

  it('is made of what the lock file names, by no install script, on tools of a version', () => {
    const installs = lines.filter((line) => /\bnpm (i|install|ci|add)\b/.test(line));
    expect(installs.length).toBeGreaterThan(1);
    expect(installs.filter((line) => !line.startsWith('RUN npm ci --ignore-scripts '))).toEqual([]);
    const images = lines.flatMap((line) => /^ARG \w+_IMAGE=(.*)/.exec(line)?.slice(1) ?? []);
    expect(images).toEqual([expect.stringMatching(/^node:\d+\.\d+\.\d+-/), expect.stringMatching(/^debian:\w+-slim/)]);
  });

  it('has no npm where it runs, and tells what is in it', () => {
    expect(lastStage[0]).toBe('FROM ${RUNTIME_IMAGE}');
    const copied = lastStage.filter((line) => line.startsWith('COPY --from='));
    expect(copied.map((line) => line.split(' ').at(-1))).toEqual([
      '/usr/local/bin/node',
      './node_modules',
      './dist/bundle',
    ]);
    expect(lastStage.join('\n')).not.toMatch(/npm (?!and)/);
    const inventory = lines.slice(
      lines.findIndex((line) => line.endsWith(' AS inventory')),
      lines.indexOf('FROM scratch AS sbom'),
    );
    expect(inventory.join('\n')).toMatch(
      /npm pkg delete devDependencies [^]*npm sbom --sbom-format cyclonedx [^]*> \/sbom.cdx.json$/,
    );
    // npm takes the name of the directory for that of the application.
    const { name } = JSON.parse(read('package.json')) as { name: string };
    expect(inventory.findLast((line) => line.startsWith('WORKDIR '))).toBe(`WORKDIR /${name}`);
    expect(lines).toContain('COPY --from=inventory /sbom.cdx.json /');
  });

  it('leaves out the development dependencies, which no source needs when it runs', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'),
    );
    const imported = sources.flatMap((path) =>
      [...read(join('src', path)).matchAll(/^(?:import|export) (?!type ).*?from '([^.'][^']*)'/gms)].map(
        ([, name = '']) => name,
      ),
    );
    const packages = imported.map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    const missing = packages.filter(
      (name) => !name.startsWith('node:') && !builtinModules.includes(name) && !(name in dependencies),
    );
    expect(packages.length).toBeGreaterThan(100);
    expect([...new Set(missing)]).toEqual([]);
  });
});
