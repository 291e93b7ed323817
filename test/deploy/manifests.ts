import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const ROOT = join(__dirname, '../..');
export const DEPLOY = join(ROOT, 'deploy');

export interface Probe {
  httpGet?: { path: string; port: string | number };
  periodSeconds?: number;
  failureThreshold?: number;
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  ports?: { name: string; containerPort: number }[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  envFrom?: { configMapRef?: { name: string } }[];
  resources?: Record<'requests' | 'limits', Record<string, string> | undefined>;
  securityContext?: Record<string, unknown> & { capabilities?: unknown };
  volumeMounts?: object[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  securityContext?: Record<string, unknown>;
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  terminationGracePeriodSeconds?: number;
  volumes?: object[];
  topologySpreadConstraints?: { topologyKey: string; labelSelector: { matchLabels: Record<string, string> } }[];
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  data?: Record<string, string>;
  spec?: Record<string, unknown> & { template?: { metadata: { labels: Record<string, string> }; spec: PodSpec } };
}

export const read = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8');

export const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);

/** What a folder of ours lists, in the order of the list, and the ConfigMap that Kustomize makes there. */
export function folder(path: string): Manifest[] {
  const { resources, configMapGenerator = [] } = parse(read(`${path}/kustomization.yaml`)) as {
    resources: string[];
    configMapGenerator?: { name: string; envs: string[] }[];
  };
  const listed = resources.flatMap((name) => manifestsIn(read(`${path}/${name}`)));
  const made = configMapGenerator.map(({ name, envs }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: Object.assign({}, ...envs.map((env) => variablesIn(read(`${path}/${env}`)))) as Record<string, string>,
  }));
  return [...listed, ...made];
}

export const variablesIn = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));

export const podOf = ({ spec }: Manifest): PodSpec | undefined => spec?.template?.spec;

export const containersOf = (manifest: Manifest): Container[] => {
  const pod = podOf(manifest);
  return pod ? [...(pod.initContainers ?? []), ...pod.containers] : [];
};

/** Whether a tool is there, and a test that needs it can run. */
export const has = (tool: string, ...args: string[]): boolean => spawnSync(tool, args).status === 0;

/** What a tool prints. */
export function output(tool: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

export const nameOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;

export function find(manifests: Manifest[], name: string): Manifest {
  const found = manifests.find((manifest) => nameOf(manifest) === name);
  if (!found) throw new Error(`There is no ${name}`);
  return found;
}

export const OVERLAYS = ['development', 'production'];

export const base = folder('kubernetes/base');
/** Everything that is ours to run: the base, and what may be added to it. */
export const ours = [
  ...base,
  ...['bootstrap', 'external-secrets', 'gateway', 'ingress', 'monitoring'].flatMap((name) =>
    folder(`kubernetes/components/${name}`),
  ),
];

export const { version } = JSON.parse(read('../package.json')) as { version: string };
