import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../api.js';
import { median } from '../statistics.js';
import { expectTrue } from '../wrong-answer.js';
import { hotDeeds } from './hot-deeds.js';
import type { Site } from './site.js';

/** So often that PostgreSQL has settled for the plan that it keeps. */
const REPETITIONS = 12;

/** Of each deed, after those: what a statement finds on a page differs from row to row. */
const EXECUTIONS = 5;

/** So many tokens each deed takes. */
export const MOST_TRIED = REPETITIONS + EXECUTIONS;

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
  // What a foreign key looks up counts too.
  'auto_explain.log_nested_statements': 'on',
  client_min_messages: 'notice',
};

/** What a statement of the service's own read and wrote, as PostgreSQL executed it. */
export interface StatementPages {
  deed: string;
  statement: string;
  pages: number;
  /** Tables that grow and were read from one end to the other. */
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
    const api = new Api(replica.origin, world.admin.token);
    const found: StatementPages[] = [];
    for (const [deed, acts] of Object.entries(await hotDeeds(site, api, MOST_TRIED))) {
      for (const act of acts.slice(EXECUTIONS)) await act();
      await sleep(SETTLE_MS);
      await writeFile(file, '');
      for (const act of acts.slice(0, EXECUTIONS)) await act();
      const statements = statementsOf(deed, await readFile(file, 'utf8'));
      expectTrue(statements.length > 0, `PostgreSQL told no plan of ${deed}: has it auto_explain, and a superuser?`);
      found.push(...statements);
    }
    return found;
  } finally {
    await replica.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

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
    pages: median(executed.map(({ Plan: plan }) => pagesOf(plan))),
    scans: executed.flatMap(({ Plan: plan }) => scansOf(plan)),
  }));
}

const GROWING = new Set(['access_token', 'access_token_usage', 'audit_event', 'revocation', 'idempotency_key']);

/** A table of so many pages is read whole more cheaply than by its index. */
const SMALL = 24;

const pagesOf = (node: PlanNode): number => node['Shared Hit Blocks'] + node['Shared Read Blocks'];

function scansOf(node: PlanNode): string[] {
  const table = node['Relation Name'] ?? '';
  const isScan = node['Node Type'] === 'Seq Scan' && GROWING.has(table) && pagesOf(node) > SMALL;
  return [...(isScan ? [table] : []), ...(node.Plans ?? []).flatMap(scansOf)];
}
