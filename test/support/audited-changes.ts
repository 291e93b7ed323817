import type { TestApp } from './test-app.js';

interface AuditLog {
  details: object;
}

/** Lists the `details` of an event as the audit log API returns them, newest first. `filter` is part of the query. */
export async function auditedDetails(app: TestApp, event: string, filter = '', token?: string): Promise<object[]> {
  const caller = token ?? (await app.given.root()).token;
  const { body } = await app.http.get(`/api/v1/audit-logs?limit=100&event=${event}&${filter}`, { token: caller });
  return (body.auditLogs as AuditLog[]).map(({ details }) => details);
}

/** Counts the rows that a change can write to the logs. An update that changes nothing must write none. */
export async function countLogRows(app: TestApp): Promise<object> {
  const [counts]: object[] = await app.db.query(
    `SELECT (SELECT count(*) FROM audit_event) AS audit, (SELECT count(*) FROM revocation) AS revocations,
       (SELECT coalesce(max(sequence), 0) FROM epoch) AS epoch`,
  );
  return counts ?? {};
}

interface Transition {
  from: unknown;
  to: unknown;
}

/**
 * Returns true if the transitions lead from `first` to `last`, each from the value that another one left. Concurrent
 * updates that compared with a stale value would record a value twice as the old one.
 */
export function isChain(transitions: Transition[], first: unknown, last: unknown): boolean {
  const sort = (values: unknown[]) => JSON.stringify(values.map(String).toSorted());
  const left = [...transitions.map(({ from }) => from), last];
  const entered = [first, ...transitions.map(({ to }) => to)];
  return transitions.every(({ from, to }) => from !== to) && sort(left) === sort(entered);
}
