// Makes the PrometheusRule from the alerts of deploy/observability, the templates of the Helm chart from the Kubernetes
// manifests, and the part of its schema that names the variables of the service. "--check" writes nothing and fails
// where something would change.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMap, isPair, parse, parseAllDocuments, stringify, visit } from 'yaml';
import { AppConfig } from '../dist/src/config/app-config.js';
import { CONFIG_MAP, configurable, TEMPLATES } from './chart-templates.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const manifests = join(root, 'deploy/kubernetes');
const chart = join(root, 'deploy/helm/token-auth');
const ALERTS = 'components/monitoring/service-alerts.yaml';
const HEADER = '{{- /* Made from deploy/kubernetes by "npm run chart". */ -}}\n';

const SECRET_NAMES = {
  'token-auth': '{{ .Values.secrets.service }}',
  'token-auth-migrate': '{{ .Values.secrets.migrate }}',
};
const NAME_KEYS = new Set(['name', 'app.kubernetes.io/instance', 'serviceAccountName']);

/** Texts that YAML would quote: words stand in for them until it has been written. */
class Expressions {
  found = [];

  hold = (text) => `__${this.found.push({ text }) - 1}__`;
  holdBlock = (values) => `__${this.found.push({ values }) - 1}__`;

  release = (yaml) =>
    yaml
      .replace(/^( *)(\S+:) __(\d+)__$/gm, (line, indent, key, index) => {
        const { values } = this.found[Number(index)];
        if (values === undefined) return line;
        const deeper = indent.length + 2;
        return `${indent}${key}\n${' '.repeat(deeper)}{{- toYaml ${values} | nindent ${deeper} }}`;
      })
      .replace(/__(\d+)__/g, (_word, index) => this.found[Number(index)].text);
}

/** What a value becomes wherever it stands: names follow the release, images and Secrets the values. */
function general(key, value, parent) {
  if (typeof value !== 'string') return null;
  if (key === 'image' && value.startsWith('token-auth:'))
    return '{{ .Values.image.repository }}:{{ .Values.image.tag }}';
  if (key === 'imagePullPolicy') return '{{ .Values.image.pullPolicy }}';
  if (parent === 'secretKeyRef' && key === 'name') return SECRET_NAMES[value];
  if (NAME_KEYS.has(key) && /^token-auth(-|$)/.test(value)) return value.replace('token-auth', '{{ .Release.Name }}');
  if (key === 'expr' && value.includes('"token-auth')) return value.replaceAll('"token-auth', '"{{ .Release.Name }}');
  // What is for Prometheus to fill in.
  return value.includes('{{') ? `'${value.replaceAll("'", "''").replaceAll('{{', '{{ `{{` }}')}'` : null;
}

/** A document with expressions in the places of its values. */
function templated(document, set) {
  const expressions = new Expressions();
  const held = (value) => {
    if (typeof value === 'string') return expressions.hold(value);
    if (value.block !== undefined) return expressions.holdBlock(value.block);
    return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, expressions.hold(text)]));
  };
  document.deleteIn(['metadata', 'annotations']);
  for (const [path, value] of Object.entries(set)) {
    const keys = path.split('/').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    if (isMap(document.getIn(keys.slice(0, -1), true)) || document.hasIn(keys)) document.setIn(keys, held(value));
  }
  visit(document, {
    Scalar(position, node, path) {
      const [parent, key] = path
        .filter((above) => isPair(above))
        .slice(-2)
        .map(({ key: { value } }) => value);
      const text = position === 'key' ? null : general(key, node.value, parent);
      if (text) Object.assign(node, { value: expressions.hold(text), type: 'PLAIN' });
    },
  });
  return expressions.release(document.toString({ lineWidth: 0, singleQuote: true }));
}

function templateOf({ from, when, set = {} }) {
  const manifest = from === ALERTS ? alertsText() : readFileSync(join(manifests, from), 'utf8');
  const text = parseAllDocuments(manifest)
    .map((document) => templated(document, set))
    .join('---\n');
  return HEADER + (when === undefined ? text : `{{- if ${when} }}\n${text}{{- end }}\n`);
}

/** The alerts as a resource of the Prometheus operator. */
function alertsText() {
  const { groups } = parse(readFileSync(join(root, 'deploy/observability/alerts.yaml'), 'utf8'));
  const labels = { 'app.kubernetes.io/name': 'token-auth', 'app.kubernetes.io/instance': 'token-auth' };
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'token-auth', labels },
    spec: { groups },
  };
  return `# Made from deploy/observability/alerts.yaml by "npm run chart".\n${stringify(rule, { lineWidth: 0, singleQuote: true })}`;
}

/** The schema of the values, in which the part about variables is made here. */
function schemaText() {
  const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'));
  const names = configurable(AppConfig.variables());
  schema.properties.config.properties = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  return JSON.stringify(schema);
}

/** `components/bootstrap/job.yaml` → `bootstrap-job.yaml`; what is alone in its folder needs no more than its name. */
const nameOf = ({ from }) => {
  const [, folder, name] = from.split('/');
  return folder === 'bootstrap' ? `${folder}-${name}` : (name ?? folder);
};

/** Files by their path. How JSON is laid out is for the formatter to say. */
const SCHEMA = 'deploy/helm/token-auth/values.schema.json';
const wanted = new Map([
  [SCHEMA, schemaText()],
  [`deploy/kubernetes/${ALERTS}`, alertsText()],
  ['deploy/helm/token-auth/templates/config-map.yaml', HEADER + CONFIG_MAP],
  ...TEMPLATES.map((template) => [`deploy/helm/token-auth/templates/${nameOf(template)}`, templateOf(template)]),
]);
const templates = readdirSync(join(chart, 'templates')).map((name) => `deploy/helm/token-auth/templates/${name}`);
const contentOf = (path) => {
  const text = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  return path === SCHEMA ? JSON.stringify(JSON.parse(text)) : text;
};
const stale = [...new Set([...wanted.keys(), ...templates])].filter((path) => wanted.get(path) !== contentOf(path));

if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} is stale: run "npm run chart" and commit it`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const path of stale) {
    if (wanted.has(path)) writeFileSync(join(root, path), wanted.get(path));
    else rmSync(join(root, path));
  }
}
