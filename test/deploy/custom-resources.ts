const TEXT = { type: 'string', minLength: 1 };
const COUNT = { type: 'integer', minimum: 1 };
const TEXTS = { type: 'object', additionalProperties: TEXT };
const list = (items: object) => ({ type: 'array', items, minItems: 1 });
const object = (required: Record<string, object>, optional: Record<string, object> = {}) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

const resource = (spec: object) =>
  object({
    apiVersion: TEXT,
    kind: TEXT,
    metadata: object({ name: TEXT }, { namespace: TEXT, labels: TEXTS, annotations: TEXTS }),
    spec,
  });

const SECONDS = { type: 'string', pattern: '^[0-9]+[sm]$' };
const RULE = object(
  { alert: { type: 'string', pattern: '^[A-Z][A-Za-z]+$' }, expr: TEXT },
  { for: SECONDS, labels: TEXTS, annotations: TEXTS },
);
const QUANTITIES = object({ cpu: TEXT, memory: TEXT });
const SECRET_DATUM = object({ secretKey: TEXT, remoteRef: object({ key: TEXT }, { property: TEXT }) });
const DATABASE_ROLE = object({
  name: TEXT,
  ensure: { const: 'present' },
  login: { type: 'boolean' },
  connectionLimit: { type: 'integer' },
  passwordSecret: object({ name: TEXT }),
});
const DATABASE = object({
  instances: COUNT,
  imageName: TEXT,
  enableSuperuserAccess: { type: 'boolean' },
  bootstrap: object({ initdb: object({ database: TEXT, owner: TEXT }, { dataChecksums: { type: 'boolean' } }) }),
  managed: object({ roles: list(DATABASE_ROLE) }),
  postgresql: object({
    synchronous: object({
      method: { enum: ['any', 'first'] },
      number: COUNT,
      dataDurability: { enum: ['required', 'preferred'] },
    }),
    parameters: TEXTS,
  }),
  affinity: object({
    enablePodAntiAffinity: { type: 'boolean' },
    podAntiAffinityType: { enum: ['required', 'preferred'] },
    topologyKey: TEXT,
  }),
  storage: object({ size: TEXT }),
  walStorage: object({ size: TEXT }),
  resources: object({ requests: QUANTITIES, limits: QUANTITIES }),
});

/** The resources of other projects, as far as ours use them: what is not listed here is a slip of the pen. */
export const CUSTOM_RESOURCES: Record<string, object> = {
  'monitoring.coreos.com/v1/ServiceMonitor': resource(
    object({
      selector: object({ matchLabels: TEXTS }),
      endpoints: list(object({ port: TEXT, path: TEXT, interval: SECONDS, scrapeTimeout: SECONDS })),
    }),
  ),
  'monitoring.coreos.com/v1/PrometheusRule': resource(
    object({ groups: list(object({ name: TEXT, rules: list(RULE) }, { interval: SECONDS })) }),
  ),
  'gateway.networking.k8s.io/v1/HTTPRoute': resource(
    object({
      parentRefs: list(object({ name: TEXT }, { namespace: TEXT, sectionName: TEXT })),
      hostnames: list(TEXT),
      rules: list(
        object({
          matches: list(object({ path: object({ type: { enum: ['Exact', 'PathPrefix'] }, value: TEXT }) })),
          backendRefs: list(object({ name: TEXT, port: COUNT })),
        }),
      ),
    }),
  ),
  'external-secrets.io/v1/ExternalSecret': resource(
    object({
      refreshInterval: { type: 'string', pattern: '^[0-9]+[smh]$' },
      secretStoreRef: object({ kind: { enum: ['SecretStore', 'ClusterSecretStore'] }, name: TEXT }),
      target: object({ name: TEXT, creationPolicy: { enum: ['Owner', 'Orphan', 'Merge', 'None'] } }),
      data: list(SECRET_DATUM),
    }),
  ),
  'postgresql.cnpg.io/v1/Cluster': resource(DATABASE),
};
