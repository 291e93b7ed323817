import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../api.js';
import { median } from '../statistics.js';
import { expectTrue } from '../wrong-answer.js';
import { type FilledToken, sample } from './filler.js';
import type { Site } from './site.js';

/** So often that PostgreSQL has settled for the plan that it keeps. */
const REPETITIONS = 12;

/** At most so many kinds of deeds take tokens. */
const HOT_DEEDS = 8;

/** Of each deed, after those: what a statement finds on a page differs from row to row. */
const EXECUTIONS = 5;

/** Longer than the service's own regular readings are apart. */
const SETTLE_MS = 300;

const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
  client_min_messages: 'notice',
};

/** What a statement of the service's own read and wrote, as PostgreSQL executed it. */
export interface StatementPages {
  deed: string;
  statement: string;
  pages: number;
  /** Tables that were read from one end to the other, and have more than a page. */
  scans: string[];
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

/** Has a replica of its own do every hot deed, and PostgreSQL tell how it executed the statements of each. */
export async function readPlans(site: Site): Promise<StatementPages[]> {
  const { database, setting, world } = site;
  const directory = await mkdtemp(join(tmpdir(), 'token-auth-plans-'));
  const file = join(directory, 'plans');
  const url = new URL(database.url);
  url.searchParams.set(
    'options',
    Object.entries(SETTINGS)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  );
  const replica = await setting.start({ DATABASE_URL: url.href, PLANS_FILE: file }, [
    '--import',
    './dist/bench/scale/plan-recorder.js',
  ]);
  try {
    const tokens = await sample(site, (REPETITIONS + EXECUTIONS) * HOT_DEEDS, 'root');
    const doomed = await sample(site, REPETITIONS + EXECUTIONS, 'doomed');
    const api = new Api(replica.origin, world.admin.token);
    const found: StatementPages[] = [];
    for (const [deed, act] of Object.entries(hotDeeds(api, world))) {
      const supply = deed === 'revoke' ? doomed : tokens;
      for (let each = 0; each < REPETITIONS; each += 1) await act(takeFrom(supply));
      await sleep(SETTLE_MS);
      await writeFile(file, '');
      for (let each = 0; each < EXECUTIONS; each += 1) await act(takeFrom(supply));
      found.push(...statementsOf(deed, await readFile(file, 'utf8')));
    }
    expectTrue(found.length > 0, 'PostgreSQL told no plan: is auto_explain installed, and the role a superuser?');
    return found;
  } finally {
    await replica.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function takeFrom(tokens: FilledToken[]): FilledToken {
  const token = tokens.pop();
  if (!token) throw new Error('There are no more tokens to try');
  return token;
}

const hotDeeds = (api: Api, { maker, holder, admin }: Site['world']) => ({
  mint: () => api.post(`/api/v1/auth/token-auth/identities/${admin.identityId}/tokens`, { name: 'planned' }),
  introspect: async ({ id, identityId, iat, exp }: FilledToken) => {
    const text = maker.textOf(id, { ...holder, identityId }, { iat, exp });
    expectTrue(await api.isActive(text), 'a filled token is not good');
  },
  read: ({ id }: FilledToken) => api.get(`/api/v1/auth/token-auth/tokens/${id}`),
  list: ({ identityId }: FilledToken) => api.get(`/api/v1/auth/token-auth/identities/${identityId}/tokens`),
  rename: ({ id }: FilledToken) => api.good('PATCH', `/api/v1/auth/token-auth/tokens/${id}`, { name: 'renamed' }),
  revoke: ({ id }: FilledToken) => api.post(`/api/v1/auth/token-auth/tokens/${id}/revoke`),
});

/** The service's regular readings and gatherings are no part of a deed. */
const REGULAR = /\breplica\b|access_token_usage AS known/;

/** One entry for each statement, in the order of their first execution, with the median of the pages. */
function statementsOf(deed: string, lines: string): StatementPages[] {
  const plans = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(JSON.parse(line) as string) as { 'Query Text': string; Plan: PlanNode })
    .filter((plan) => !REGULAR.test(plan['Query Text']));
  const executions = new Map<string, typeof plans>();
  for (const plan of plans) {
    const statement = plan['Query Text'].replaceAll(/\s+/g, ' ').trim().slice(0, 60);
    executions.set(statement, [...(executions.get(statement) ?? []), plan]);
  }
  return [...executions].map(([statement, executed]) => ({
    deed,
    statement,
    pages: median(executed.map(({ Plan: plan }) => plan['Shared Hit Blocks'] + plan['Shared Read Blocks'])),
    scans: executed.flatMap(({ Plan: plan }) => scansOf(plan)),
  }));
}

/** A table of some rows is read whole more cheaply than by its index; `access_token` and its like never are. */
const GROWING = new Set(['access_token', 'access_token_usage', 'audit_event', 'revocation', 'idempotency_key']);

const scansOf = (node: PlanNode): string[] => [
  ...(node['Node Type'] === 'Seq Scan' && GROWING.has(node['Relation Name'] ?? '')
    ? [node['Relation Name'] ?? '']
    : []),
  ...(node.Plans ?? []).flatMap(scansOf),
];
