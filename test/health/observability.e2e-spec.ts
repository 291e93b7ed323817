import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Metrics } from '../../src/common/metrics.js';
import { MetricsOf } from '../support/metrics-of.js';
import { TestApp } from '../support/test-app.js';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

const ROOT = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const dashboard = JSON.parse(read('deploy/observability/dashboard.json')) as {
  panels: { id: number; title: string; targets?: { expr: string }[] }[];
};
const alerts = parse(read('deploy/observability/alerts.yaml')) as { groups: { rules: Rule[] }[] };
const rules = alerts.groups.flatMap((group) => group.rules);

const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ name: title, expr })),
);
const namesIn = (expr: string): string[] => expr.match(/\b(?:token_auth|process|nodejs)_\w+/g) ?? [];

describe('what is there for those who watch the service', () => {
  let app: TestApp;
  let metrics: MetricsOf;
  beforeAll(async () => {
    app = await TestApp.start();
    app.nest.get(Metrics).watchProcess('0');
    metrics = await MetricsOf.read(app);
  });
  afterAll(() => app.stop());

  it.each([...panels, ...rules.map(({ alert, expr }) => ({ name: alert, expr }))])(
    'asks for metrics that exist: $name',
    ({ expr }) => {
      expect(namesIn(expr)).not.toEqual([]);
      expect(namesIn(expr).filter((name) => !metrics.names.has(name))).toEqual([]);
    },
  );

  it('shows every metric of the service', () => {
    const shown = new Set(panels.flatMap(({ expr }) => namesIn(expr)));
    const own = [...metrics.names].filter((name) => /^token_auth_\w+(?<!_sum|_count)$/.test(name));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('shows that no request fails as 0, where nothing that failed was ever counted', () => {
    const [failed] = panels.filter(({ name }) => name === 'Failed requests');
    expect(failed?.expr).toMatch(/^\(sum\(rate\(\S+status=~"5\.\."\}\[\S+\]\)\) or vector\(0\)\) \/ sum\(/);
  });

  it('explains every metric of the service, and no other', () => {
    const explained = [...read('docs/observability.md').matchAll(/^\| `(token_auth_\w+)`/gm)].map(([, name]) => name);
    const own = [...metrics.text.matchAll(/^# TYPE (token_auth_\w+)/gm)].map(([, name]) => name);
    expect(explained.toSorted()).toEqual(own.toSorted());
  });

  it.each(rules)('says of $alert how bad it is and what it means', ({ labels, annotations }) => {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(10);
    expect(annotations.description.length).toBeGreaterThan(20);
  });

  it.each(rules)('does not let other services set off $alert, which Prometheus may watch as well', ({ expr }) => {
    expect(namesIn(expr).filter((name) => name.startsWith('token_auth_'))).not.toEqual([]);
  });

  it('gives every panel and every rule a name of its own', () => {
    for (const names of [rules.map(({ alert }) => alert), dashboard.panels.map(({ id }) => String(id))])
      expect(new Set(names).size).toBe(names.length);
  });
});
