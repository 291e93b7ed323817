import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { stringify } from 'yaml';
import { CHART, defaults, everything, render } from './chart.js';
import { problemsOf } from './kubernetes-schemas.js';
import {
  base,
  containersOf,
  find,
  has,
  type Manifest,
  manifestsIn,
  nameOf,
  ours,
  output,
  OVERLAYS,
  read,
  ROOT,
  version,
} from './manifests.js';

describe('the Helm chart', () => {
  const ajv = new Ajv({ strict: false });
  const isValid = ajv.compile(JSON.parse(read(`${CHART}/values.schema.json`)) as object);

  /** Without what differs on purpose: who orders the steps, and when pods are to be replaced. */
  const comparable = (manifests: Manifest[]): unknown[] =>
    manifests
      .map((manifest) => {
        const copy = structuredClone(manifest);
        delete copy.metadata.annotations;
        if (copy.kind === 'ConfigMap') delete copy.metadata.labels;
        const template = copy.spec?.template as { metadata?: Partial<Manifest['metadata']> } | undefined;
        delete template?.metadata?.annotations;
        return copy;
      })
      .toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));

  const inChart = ours.filter(({ kind }) => kind !== 'ExternalSecret');

  it('is what "npm run chart" makes of the manifests', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/chart.mjs', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('has the mode of files as the manifests have it: as YAML of every version reads it', () => {
    const modesIn = (path: string) => read(path).match(/(?<=\b(?:defaultMode|mode): ).*/g);
    expect(modesIn('kubernetes/components/bootstrap/job.yaml')).toEqual([String(0o440)]);
    expect(modesIn(`${CHART}/templates/bootstrap-job.yaml`)).toEqual([String(0o440)]);
  });

  it('makes of its default values what the base is, and of all its parts the components', () => {
    expect(comparable(render(defaults()))).toEqual(comparable(base));
    expect(comparable(render(everything()))).toEqual(comparable(inChart));
  });

  it('follows its values', () => {
    const values = everything() as Record<string, Record<string, unknown>>;
    Object.assign(values.secrets ?? {}, { service: 'another-secret', tls: 'another-tls' });
    Object.assign(values.image ?? {}, { tag: '9.9.9' });
    Object.assign(values.config ?? {}, { PORT: '8081' });
    Object.assign(values.roles ?? {}, { service: 'another_role' });
    const text = JSON.stringify(render(values, 'other'));
    for (const found of [
      '"another-secret"',
      '"secretName":"another-tls"',
      'token-auth:9.9.9',
      '"containerPort":8081',
      '--service-role=another_role',
      '"name":"other-migrate"',
    ])
      expect(text).toContain(found);
    expect(text).not.toContain('"app.kubernetes.io/instance":"token-auth"');
  });

  it('runs the migration before an installation and an upgrade', () => {
    expect(find(render(defaults()), 'Job token-auth-migrate').metadata.annotations).toMatchObject({
      'helm.sh/hook': 'pre-install,pre-upgrade',
    });
  });

  it('takes the values that it has, and no others', () => {
    expect(isValid(defaults())).toBe(true);
    const { config, ...others } = defaults() as { config: object };
    expect(isValid({ ...others, config: { ...config, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' } })).toBe(
      true,
    );
    const wrong: ((values: Record<string, Record<string, unknown>>) => object)[] = [
      (values) => ({ ...values, imagee: {} }),
      (values) => ({ ...values, image: { ...values.image, tag: 'latest' } }),
      (values) => ({ ...values, config: { ...values.config, DATABASE_URL: 'postgres://secret' } }),
      (values) => ({ ...values, config: { PORT: '8080' } }),
      (values) => ({ ...values, resources: { requests: values.resources?.requests } }),
    ];
    for (const change of wrong) expect(isValid(change(defaults() as never))).toBe(false);
  });

  (has('helm', 'version') ? describe : describe.skip)('where there is Helm', () => {
    it('is rendered by it as here', async () => {
      const scratch = await mkdtemp(join(tmpdir(), 'token-auth-chart-'));
      for (const values of [defaults(), everything()]) {
        writeFileSync(join(scratch, 'values.yaml'), stringify(values));
        const args = ['--kube-version', '1.34.0', '--values', join(scratch, 'values.yaml')];
        const text = output('helm', 'template', 'token-auth', `deploy/${CHART}`, ...args);
        expect(comparable(manifestsIn(text))).toEqual(comparable(render(values)));
      }
      await rm(scratch, { recursive: true });
    });
  });
});

describe('the overlays', () => {
  (has('kubectl', 'version', '--client') ? describe : describe.skip)('where there is kubectl', () => {
    it.each(OVERLAYS)('%s stays within schemas and policies', (name) => {
      const manifests = manifestsIn(output('kubectl', 'kustomize', `deploy/kubernetes/overlays/${name}`));
      expect(
        manifests.flatMap((manifest) => problemsOf(manifest).map((problem) => `${nameOf(manifest)}: ${problem}`)),
      ).toEqual([]);
      const configMap = manifests.find(({ kind, data }) => kind === 'ConfigMap' && data?.ISSUER);
      const service = find(manifests, 'Deployment token-auth');
      expect(containersOf(service)[0]?.envFrom).toEqual([{ configMapRef: { name: configMap?.metadata.name } }]);
      const versions = manifests.flatMap(containersOf).filter(({ image }) => /token-auth:/.test(image));
      for (const { image } of versions) expect(image.endsWith(`token-auth:${version}`)).toBe(true);
      expect(
        find(manifests, `Namespace ${(service.metadata as { namespace?: string }).namespace}`).metadata.labels,
      ).toMatchObject({
        'pod-security.kubernetes.io/enforce': 'restricted',
      });
    });
  });

  it('development makes the roles that the migration is told of', () => {
    const command = containersOf(find(base, 'Job token-auth-migrate'))[0]?.command ?? [];
    const made = [...read('kubernetes/overlays/development/roles.sh').matchAll(/CREATE ROLE (\w+)/g)].map(
      ([, role]) => role,
    );
    expect(command.slice(-2).map((argument) => argument.split('=')[1])).toEqual(made.slice(1));
  });
});
