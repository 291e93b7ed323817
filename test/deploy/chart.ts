import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { DEPLOY, type Manifest, manifestsIn, read } from './manifests.js';

export const CHART = 'helm/token-auth';

export type Values = Record<string, unknown>;

export const defaults = (): Values => parse(read(`${CHART}/values.yaml`)) as Values;

/** The values under which everything that the chart can bring is there. */
export const everything = (): Values => {
  const values = defaults() as Record<string, { enabled?: boolean }>;
  for (const part of Object.values(values)) if (part.enabled === false) part.enabled = true;
  return values;
};

/**
 * What the chart makes of values, by the few constructs of Helm that its generator writes; anything else fails, so that
 * what is tested here is what Helm renders. Where Helm itself is at hand, it is compared with.
 */
export function render(values: Values, release = 'token-auth'): Manifest[] {
  const folder = join(DEPLOY, CHART, 'templates');
  return readdirSync(folder).flatMap((name) =>
    manifestsIn(rendered(read(`${CHART}/templates/${name}`), values, release)),
  );
}

function rendered(template: string, values: Values, release: string): string {
  const valueOf = (path: string): unknown =>
    path
      .split('.')
      .slice(2)
      .reduce((value, key) => (value as Values)[key], values as unknown);
  const evaluate = (expression: string): string => {
    const [, path = '', filter = ''] = /^(\.Values[.\w]+)( \| quote)?$/.exec(expression) ?? [];
    if (path !== '') return filter === '' ? String(valueOf(path)) : JSON.stringify(valueOf(path));
    if (expression === '.Release.Name') return release;
    if (/^toYaml \.Values[.\w]+ \| sha256sum$/.test(expression)) return 'a digest';
    if (expression === '`{{`') return '{{';
    throw new Error(`The templates use what this renderer doesn't know: ${expression}`);
  };
  const condition = /\{\{- if (\.Values[.\w]+) \}\}\n([^]*)\{\{- end \}\}\n/.exec(template);
  const body = condition ? (valueOf(condition[1] ?? '') === true ? (condition[2] ?? '') : '') : template;
  return body
    .replace(/\{\{- \/\*.*?\*\/ -\}\}\n/, '')
    .replace(/^ *\{\{- toYaml (\.Values[.\w]+) \| nindent (\d+) \}\}$/gm, (_line, path: string, indent: string) =>
      stringify(valueOf(path))
        .trimEnd()
        .replace(/^/gm, ' '.repeat(Number(indent))),
    )
    .replace(/\{\{ (.+?) \}\}/g, (_match, expression: string) => evaluate(expression));
}
