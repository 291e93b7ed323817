// Writes docs/configuration.md from the docstrings of the configuration classes. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../', import.meta.url));
const SOURCES = ['app-config.ts', 'http-config.ts', 'token-config.ts'].map((name) => `${root}src/config/${name}`);
const GROUPS = [
  'Process',
  'Database',
  'First set-up',
  'Tokens',
  'Signing keys',
  'Revocation',
  'Clients',
  'TLS',
  'Records',
  'Traces',
];
/** What production needs first, in the order in which an operator decides it. */
const ESSENTIAL = ['DATABASE_URL', 'KEY_ENCRYPTION_KEYS', 'ISSUER', 'AUDIENCE', 'TRUSTED_PROXIES', 'NODE_ENV'];

const textOf = (comment) => (typeof comment === 'string' ? comment : (ts.getTextOfJSDocComment(comment) ?? ''));

/** The default as the source writes it, without separators in numbers and without quotes. */
const defaultOf = (property) => {
  const source = property.initializer?.getText();
  if (!source || source === '[]') return '';
  return `\`${source.replaceAll(/(\d)_(?=\d)/g, '$1').replaceAll("'", '')}\``;
};

const variablesOf = (path) => {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const members = file.statements.filter(ts.isClassDeclaration).flatMap(({ members: all }) => [...all]);
  const properties = members.filter((member) => ts.isPropertyDeclaration(member) && /^[A-Z_]+$/.test(member.name.text));
  return properties.map((property) => {
    const tags = new Map(ts.getJSDocTags(property).map((tag) => [tag.tagName.text, textOf(tag.comment)]));
    const [doc] = ts.getJSDocCommentsAndTags(property).filter(ts.isJSDoc);
    const name = property.name.text;
    const meaning = textOf(doc?.comment).replaceAll(/\s+/g, ' ');
    if (!GROUPS.includes(tags.get('group')) || !meaning) throw new Error(`${name} needs a docstring and a @group`);
    return { name, group: tags.get('group'), meaning, byDefault: tags.get('default') ?? defaultOf(property) };
  });
};

const variables = SOURCES.flatMap(variablesOf);
const table = (rows) =>
  [
    '| Variable | Default | Meaning |',
    '| --- | --- | --- |',
    ...rows.map(({ name, byDefault, meaning }) => `| \`${name}\` | ${byDefault} | ${meaning} |`),
  ].join('\n');
const essential = ESSENTIAL.map((wanted) => variables.find(({ name }) => name === wanted));

const page = `# Configuration

The service reads environment variables and nothing else. It checks all of them at the start and reports every problem
at once, without values. An empty variable counts as absent. [\`.env.example\`](../.env.example) lists all variables.

## What production needs

${table(essential)}

${GROUPS.map((group) => `## ${group}\n\n${table(variables.filter((one) => one.group === group && !ESSENTIAL.includes(one.name)))}`).join('\n\n')}
`;

const { format, resolveConfig } = await import('prettier');
const path = `${root}docs/configuration.md`;
const text = await format(page, { ...(await resolveConfig(path)), parser: 'markdown' });
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('docs/configuration.md is stale: run "npm run docs" and commit it');
    process.exitCode = 1;
  }
} else writeFileSync(path, text);
