const POD = 'spec/template/spec';
const CONTAINER = `${POD}/containers/0`;

const hook = (when) => ({
  'metadata/annotations': { 'helm.sh/hook': when, 'helm.sh/hook-delete-policy': 'before-hook-creation' },
});

/**
 * The manifests that the chart is made of: when each is there, and what stands in for what in it. A `block` is YAML that
 * stands below its key; everything else is the text of the value.
 */
export const TEMPLATES = [
  { from: 'base/service-account.yaml' },
  {
    from: 'base/deployment.yaml',
    set: {
      'spec/template/metadata/annotations': { 'checksum/config': '{{ toYaml .Values.config | sha256sum }}' },
      [`${POD}/terminationGracePeriodSeconds`]: '{{ .Values.terminationGracePeriodSeconds }}',
      [`${CONTAINER}/ports/0/containerPort`]: '{{ .Values.config.PORT }}',
      [`${CONTAINER}/resources`]: { block: '.Values.resources' },
      [`${POD}/volumes/0/secret/secretName`]: '{{ .Values.secrets.tls }}',
    },
  },
  {
    from: 'base/migrate-job.yaml',
    set: {
      ...hook('pre-install,pre-upgrade'),
      [`${CONTAINER}/command/2`]: '--service-role={{ .Values.roles.service }}',
      [`${CONTAINER}/command/3`]: '--retention-role={{ .Values.roles.retention }}',
    },
  },
  { from: 'base/service.yaml' },
  { from: 'base/management-service.yaml' },
  {
    from: 'base/horizontal-pod-autoscaler.yaml',
    set: {
      'spec/minReplicas': '{{ .Values.autoscaling.minReplicas }}',
      'spec/maxReplicas': '{{ .Values.autoscaling.maxReplicas }}',
      'spec/metrics/0/resource/target/averageUtilization': '{{ .Values.autoscaling.targetCPUUtilizationPercentage }}',
    },
  },
  {
    from: 'base/pod-disruption-budget.yaml',
    set: { 'spec/maxUnavailable': '{{ .Values.podDisruptionBudget.maxUnavailable }}' },
  },
  {
    from: 'base/network-policy.yaml',
    when: '.Values.networkPolicy.enabled',
    set: {
      'spec/egress/1/ports/0/port': '{{ .Values.networkPolicy.databasePort }}',
      'spec/ingress/1/from/0/namespaceSelector/matchLabels': {
        'kubernetes.io/metadata.name': '{{ .Values.networkPolicy.monitoringNamespace }}',
      },
    },
  },
  {
    from: 'components/monitoring/service-monitor.yaml',
    when: '.Values.monitoring.enabled',
    set: { 'spec/endpoints/0/interval': '{{ .Values.monitoring.interval }}' },
  },
  { from: 'components/monitoring/cluster-alerts.yaml', when: '.Values.monitoring.enabled' },
  { from: 'components/monitoring/service-alerts.yaml', when: '.Values.monitoring.enabled' },
  {
    from: 'components/ingress/ingress.yaml',
    when: '.Values.ingress.enabled',
    set: {
      'spec/ingressClassName': '{{ .Values.ingress.className }}',
      'spec/tls/0/hosts/0': '{{ .Values.ingress.host | quote }}',
      'spec/tls/0/secretName': '{{ .Values.ingress.tlsSecret }}',
      'spec/rules/0/host': '{{ .Values.ingress.host | quote }}',
    },
  },
  {
    from: 'components/gateway/http-route.yaml',
    when: '.Values.gateway.enabled',
    set: {
      'spec/parentRefs/0/name': '{{ .Values.gateway.name }}',
      'spec/parentRefs/0/namespace': '{{ .Values.gateway.namespace }}',
      'spec/parentRefs/0/sectionName': '{{ .Values.gateway.sectionName }}',
      'spec/hostnames/0': '{{ .Values.gateway.host | quote }}',
    },
  },
  { from: 'components/bootstrap/rbac.yaml', when: '.Values.bootstrap.enabled' },
  { from: 'components/bootstrap/network-policy.yaml', when: '.Values.bootstrap.enabled' },
  {
    from: 'components/bootstrap/job.yaml',
    when: '.Values.bootstrap.enabled',
    set: {
      ...hook('post-install'),
      [`${POD}/initContainers/0/command/3`]: '{{ .Values.bootstrap.organization | quote }}',
      [`${CONTAINER}/image`]: '{{ .Values.bootstrap.kubectlImage }}',
      [`${CONTAINER}/command/4`]: '{{ .Release.Name }}-admin',
    },
  },
];

/** The ConfigMap, which Kustomize makes by itself. */
export const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels:
    app.kubernetes.io/name: token-auth
    app.kubernetes.io/instance: {{ .Release.Name }}
data:
  {{- toYaml .Values.config | nindent 2 }}
`;

/** Variables that come from a Secret. */
const SECRETS = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'RETENTION_DATABASE_URL',
  'KEY_ENCRYPTION_KEYS',
  'BOOTSTRAP_TOKEN',
];

/**
 * Variables that a cluster has no use for: it has no embedded database, and its Jobs migrate and set up. Probes,
 * Services and policies name the management port by its number.
 */
const USELESS = ['EMBEDDED_DATABASE', 'EMBEDDED_DATA_DIR', 'MIGRATE_ON_START', 'BOOTSTRAP_ON_START', 'MANAGEMENT_PORT'];

/** The variables that may stand in the ConfigMap. */
export const configurable = (variables) =>
  variables.filter((name) => !SECRETS.includes(name) && !USELESS.includes(name)).toSorted();
