import { parse } from 'yaml';
import { AppConfig } from '../../src/config/app-config.js';
import { CHART, defaults } from './chart.js';
import { problemsOf } from './kubernetes-schemas.js';
import {
  base,
  type Container,
  containersOf,
  find,
  type Manifest,
  manifestsIn,
  nameOf,
  ours,
  OVERLAYS,
  podOf,
  read,
  variablesIn,
  version,
} from './manifests.js';

const development = manifestsIn(read('kubernetes/overlays/development/postgres.yaml'));
const database = manifestsIn(read('kubernetes/examples/cloudnative-pg/cluster.yaml'));
const all = [...ours, ...development, ...database];

const named = (manifests: Manifest[]) => manifests.map((manifest) => ({ name: nameOf(manifest), manifest }));
const spec = (name: string) => find(ours, name).spec as Record<string, never>;
const serviceContainer = (): Container => {
  const [container] = containersOf(find(base, 'Deployment token-auth'));
  if (!container) throw new Error('The Deployment has no container');
  return container;
};

const config = new AppConfig();
const variables = AppConfig.variables();

describe('the Kubernetes manifests', () => {
  it.each(named(all))('$name is as the schema of its kind says', ({ manifest }) => {
    expect(problemsOf(manifest)).toEqual([]);
  });

  it('would show a slip of the pen, wherever it is', () => {
    const broken = structuredClone(find(base, 'Deployment token-auth'));
    Object.assign(containersOf(broken)[0]?.readinessProbe ?? {}, { periodSecond: 3 });
    expect(problemsOf(broken)).toEqual(['/spec/template/spec/containers/0/readinessProbe/periodSecond is not known']);
    Object.assign(broken.spec ?? {}, { minReadySeconds: '5' });
    expect(problemsOf(broken)).toEqual([expect.stringContaining('minReadySeconds')]);
  });

  it.each(named(all.filter((manifest) => podOf(manifest))))(
    '$name runs by the "restricted" standard',
    ({ manifest }) => {
      const pod = podOf(manifest);
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: expect.any(Number),
          seccompProfile: { type: 'RuntimeDefault' },
        },
      });
      expect(pod?.securityContext?.runAsUser).toBeGreaterThan(0);
      expect(pod).not.toMatchObject({ hostNetwork: true });
      for (const container of containersOf(manifest)) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        for (const kind of ['requests', 'limits'] as const)
          expect(Object.keys(container.resources?.[kind] ?? {}).toSorted()).toEqual(['cpu', 'memory']);
        expect(container.image).toMatch(/:v?\d+\.\d+[^:]*$/);
      }
      const volumes = (pod as { volumes?: object[] }).volumes ?? [];
      expect(volumes.flatMap((volume) => Object.keys(volume)).filter((key) => key === 'hostPath')).toEqual([]);
    },
  );

  it('run the version of this package, as the user that the image has', () => {
    const [, user = ''] = /^USER (\d+):\d+$/m.exec(read('../Dockerfile')) ?? [];
    for (const manifest of ours.filter((one) => podOf(one))) {
      const images = containersOf(manifest).map(({ image }) => image);
      expect(images).toContain(`token-auth:${version}`);
      expect(String(podOf(manifest)?.securityContext?.runAsUser)).toBe(user);
    }
    const chart = parse(read(`${CHART}/Chart.yaml`)) as { appVersion: string };
    expect(chart.appVersion).toBe(version);
  });

  it('agree on ports, and probe the one that is not public', () => {
    const { ports, startupProbe, livenessProbe, readinessProbe } = serviceContainer();
    expect(ports?.map(({ name, containerPort }) => [name, containerPort])).toEqual([
      ['http', config.PORT],
      ['management', 9090],
    ]);
    for (const [probe, path] of [
      [startupProbe, '/health/startup'],
      [livenessProbe, '/health/live'],
      [readinessProbe, '/health/ready'],
    ] as const)
      expect(probe?.httpGet).toEqual({ path, port: 'management' });
    const targets = ['Service token-auth', 'Service token-auth-management'].map((name) =>
      (spec(name).ports as { targetPort: string }[]).map(({ targetPort }) => targetPort),
    );
    expect(targets).toEqual([['http'], ['management']]);
    expect(JSON.stringify([spec('Ingress token-auth'), spec('HTTPRoute token-auth')])).not.toMatch(/management|9090/);
    expect(spec('ServiceMonitor token-auth')).toMatchObject({
      selector: { matchLabels: find(base, 'Service token-auth-management').metadata.labels },
      endpoints: [{ port: 'management', path: '/metrics' }],
    });
  });

  it('have a place for the files of TLS, which need not be there', () => {
    const pod = podOf(find(base, 'Deployment token-auth'));
    expect(serviceContainer().volumeMounts).toEqual([
      { name: 'tls', mountPath: '/etc/token-auth/tls', readOnly: true },
    ]);
    expect(pod?.volumes).toEqual([{ name: 'tls', secret: { secretName: 'token-auth-server-tls', optional: true } }]);
    const told = read('../docs/operations.md').match(/TLS_\w+_FILE=\S+(?=`)/g) ?? [];
    expect(told).toHaveLength(3);
    for (const line of told) expect(line).toMatch(/=\/etc\/token-auth\/tls\/(tls\.crt|tls\.key|ca\.crt)$/);
    const env = Object.fromEntries(told.map((line) => line.split('=')));
    expect(() => AppConfig.load(env)).not.toThrow();
  });

  it('let a start wait for the database, and a stop end its work', () => {
    const { startupProbe } = serviceContainer();
    const seconds = (startupProbe?.periodSeconds ?? 10) * (startupProbe?.failureThreshold ?? 3);
    expect(seconds).toBeGreaterThan(config.DATABASE_CONNECT_TIMEOUT);
    const { SHUTDOWN_TIMEOUT = '', SHUTDOWN_GRACE = '5' } = find(base, 'ConfigMap token-auth').data ?? {};
    const grace = podOf(find(base, 'Deployment token-auth'))?.terminationGracePeriodSeconds ?? 0;
    expect(grace).toBeGreaterThanOrEqual(Number(SHUTDOWN_GRACE) + Number(SHUTDOWN_TIMEOUT) + 10);
  });

  it('select each other', () => {
    const pods = podLabels('Deployment token-auth');
    const spreads = podOf(find(base, 'Deployment token-auth'))?.topologySpreadConstraints ?? [];
    expect(spreads.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    for (const selector of [
      spec('Service token-auth').selector,
      spec('Service token-auth-management').selector,
      matchLabels(spec('Deployment token-auth').selector),
      matchLabels(spec('PodDisruptionBudget token-auth').selector),
      matchLabels(spec('NetworkPolicy token-auth-service').podSelector),
      matchLabels(spec('NetworkPolicy token-auth').podSelector),
      ...spreads.map(({ labelSelector }) => matchLabels(labelSelector)),
    ])
      expect(pods).toMatchObject(selector);
    // A policy that selects everything of ours leaves none of the Jobs open.
    for (const job of ['Job token-auth-migrate', 'Job token-auth-bootstrap'])
      expect(podLabels(job)).toMatchObject(matchLabels(spec('NetworkPolicy token-auth').podSelector));
    expect(spec('NetworkPolicy token-auth')).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(spec('NetworkPolicy token-auth')).not.toHaveProperty('ingress');
    expect(spec('HorizontalPodAutoscaler token-auth').scaleTargetRef).toMatchObject({ name: 'token-auth' });
  });

  it('leave the database connections enough for every replica that there may be', () => {
    const maxReplicas = Number(spec('HorizontalPodAutoscaler token-auth').maxReplicas);
    const cluster = find(database, 'Cluster token-auth-db').spec as {
      postgresql: { synchronous: object; parameters: Record<string, string> };
      managed: { roles: { name: string }[] };
    };
    const { parameters, synchronous } = cluster.postgresql;
    // One more replica while a rollout surges.
    expect(Number(parameters.max_connections)).toBeGreaterThan((maxReplicas + 1) * (config.DATABASE_POOL_SIZE + 2));
    expect(synchronous).toEqual({ method: 'any', number: 1, dataDurability: 'required' });
    const command = containersOf(find(base, 'Job token-auth-migrate'))[0]?.command ?? [];
    expect(command.slice(-2)).toEqual(
      ['service', 'retention'].map((kind, index) => `--${kind}-role=${cluster.managed.roles[index]?.name}`),
    );
  });

  it('migrate by a role of its own, whose Secret no other pod reads', () => {
    const secretsOf = (name: string) =>
      containersOf(find(ours, name)).flatMap(({ env = [] }) =>
        env.map(({ valueFrom }) => valueFrom?.secretKeyRef.name),
      );
    expect(secretsOf('Job token-auth-migrate')).toEqual(['token-auth-migrate']);
    expect(new Set([...secretsOf('Deployment token-auth'), ...secretsOf('Job token-auth-bootstrap')])).toEqual(
      new Set(['token-auth']),
    );
  });
});

describe('docs/operations.md', () => {
  it('says what to do for each alert that there is', () => {
    const [, section = ''] = read('../docs/operations.md').split('## What to do for each alert');
    const told = [...section.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    const rules = ours
      .filter(({ kind }) => kind === 'PrometheusRule')
      .flatMap(({ spec: rule }) => (rule as { groups: { rules: { alert: string }[] }[] } | undefined)?.groups ?? [])
      .flatMap((group) => group.rules.map(({ alert }) => alert));
    expect(rules.length).toBeGreaterThan(10);
    expect(told.toSorted()).toEqual(rules.toSorted());
  });
});

describe('the variables of the service', () => {
  const fromSecrets = serviceContainer().env ?? [];
  const configMaps = [
    find(base, 'ConfigMap token-auth').data ?? {},
    ...OVERLAYS.map((name) => variablesIn(read(`kubernetes/overlays/${name}/config.env`))),
    defaults().config as Record<string, string>,
  ];
  const { properties } = (
    JSON.parse(read(`${CHART}/values.schema.json`)) as { properties: { config: { properties: object } } }
  ).properties.config;

  it('exist, wherever one is set', () => {
    const set = [
      ...configMaps.flatMap(Object.keys),
      ...ours.flatMap(containersOf).flatMap(({ env = [] }) => env.map(({ name }) => name)),
    ];
    expect(set.filter((name) => !variables.includes(name))).toEqual([]);
  });

  it('are read by the service as they are set', () => {
    for (const data of configMaps) {
      const secrets = { DATABASE_URL: 'postgres://db/x', KEY_ENCRYPTION_KEYS: KEY };
      expect(() => AppConfig.load({ ISSUER: 'https://x', ...data, ...secrets })).not.toThrow();
    }
  });

  it('can all be set: in a Secret or in the ConfigMap, but for those that a cluster has no use for', () => {
    const settable = [...fromSecrets.map(({ name }) => name), ...Object.keys(properties)];
    const useless = ['EMBEDDED_DATABASE', 'EMBEDDED_DATA_DIR', 'MIGRATE_ON_START', 'BOOTSTRAP_ON_START'];
    expect([...settable, ...useless, 'MANAGEMENT_PORT'].toSorted()).toEqual(
      [...new Set([...variables, 'MANAGEMENT_PORT'])].toSorted(),
    );
    expect(Object.keys(properties).filter((name) => /_URL$|KEYS|TOKEN$/.test(name))).toEqual([]);
  });
});

const KEY = '5f3a1c9be27d4068af15c3d9420e8b76b1d7e09c34f2a58d6e0b97c1f4a3d285';

const podLabels = (name: string): Record<string, string> => find(ours, name).spec?.template?.metadata.labels ?? {};
const matchLabels = (selector: { matchLabels: Record<string, string> }): Record<string, string> => selector.matchLabels;
