import autocannon from 'autocannon';
import type { ChildServer } from './child-server.js';
import { cpuTime } from './cpu-time.js';
import type { Extent } from './plan.js';
import { percentile } from './statistics.js';
import { WrongAnswerError } from './wrong-answer.js';

/** One request, as autocannon takes it, and what its answer must be. */
export interface Shot extends Pick<
  autocannon.Request,
  'method' | 'path' | 'headers' | 'body' | 'setupRequest' | 'onResponse'
> {
  /** Looks at the body of the answer to this very request; one that is not right fails the run. */
  isRight: (body: string) => boolean;
}

/** Connections that send one request after another. */
export const CONNECTIONS = 64;

export interface LoadPlan {
  server: ChildServer;
  connections?: number;
  extent: Extent;
  /** What a connection sends, over and over. */
  shots: (connection: number) => Shot[];
  /** What may be answered. */
  statuses?: readonly number[];
}

export interface LoadResult {
  /** Answers per second. */
  rate: number;
  /** Milliseconds. */
  p99: number;
  /** Microseconds of a core that the server's process took for each answer. */
  cpu: number | undefined;
  /** How many answers there were of each status. */
  statuses: Record<string, number>;
  answers: number;
}

/** Sends requests over many connections, and looks at every answer. A wrong one fails the run, however fast it was. */
export async function load(plan: LoadPlan): Promise<LoadResult> {
  const { server, shots, statuses = [200] } = plan;
  const cpuBefore = cpuTime(server.pid);
  const { result, answers, times, seconds, wrong } = await run(plan);
  const counts = Object.fromEntries(
    Object.entries(result.statusCodeStats ?? {}).map(([status, { count = 0 }]) => [status, count]),
  );
  const unexpected = Object.keys(counts).filter((status) => !statuses.includes(Number(status)));
  if (result.errors > 0 || result.mismatches > 0 || unexpected.length > 0 || answers === 0) {
    const { errors, timeouts, mismatches } = result;
    throw new WrongAnswerError(
      JSON.stringify({ path: shots(0)[0]?.path, counts, errors, timeouts, mismatches, wrong }),
    );
  }
  const cpu = cpuTime(server.pid) - cpuBefore;
  return {
    rate: answers / seconds,
    p99: percentile(Float64Array.from(times).toSorted(), 0.99),
    cpu: Number.isNaN(cpu) ? undefined : cpu / answers,
    statuses: counts,
    answers,
  };
}

interface Outcome {
  result: autocannon.Result;
  answers: number;
  /**
   * In milliseconds: autocannon's own histogram has whole ones only. Of each answer but the first of a connection, which
   * waits until this process has made all connections; pgbench's average leaves connecting out too.
   */
  times: number[];
  /** From the first request to the last answer. */
  seconds: number;
  /** A body that was not right. */
  wrong: string | undefined;
}

/** What a connection sends over and over, and how many answers it has had. */
interface Turn {
  shots: Shot[];
  answers: number;
}

function run({ server, connections = CONNECTIONS, extent, shots }: LoadPlan): Promise<Outcome> {
  const times: number[] = [];
  const turns = new Map<autocannon.Client, Turn>();
  let answered: Turn | undefined;
  let wrong: string | undefined;
  const options: autocannon.Options = {
    url: server.origin,
    connections,
    ...('seconds' in extent ? { duration: extent.seconds } : { amount: extent.requests }),
    setupClient: (client) => {
      const own = shots(turns.size);
      turns.set(client, { shots: own, answers: 0 });
      client.setRequests(own);
    },
    // Called in the same step as "response" is told. Connections send one request after another, in the order of these.
    verifyBody: (body) => {
      const shot = answered?.shots[(answered.answers - 1) % answered.shots.length];
      const isGood = shot?.isRight(String(body)) === true;
      if (!isGood) wrong ??= String(body).slice(0, 300);
      return isGood;
    },
  };
  return new Promise((resolve, reject) => {
    let lastAt = 0;
    const instance = autocannon(options, (error: Error | null, result) => {
      if (error) reject(error);
      else {
        const answers = [...turns.values()].reduce((sum, turn) => sum + turn.answers, 0);
        resolve({ result, answers, times, seconds: (lastAt - startedAt) / 1000, wrong });
      }
    });
    // All requests are made by now, which is no work of the server's, and none has been sent.
    const startedAt = performance.now();
    instance.on('response', (client, _status, _bytes, milliseconds) => {
      answered = turns.get(client);
      if (!answered) return;
      answered.answers += 1;
      if (answered.answers > 1) times.push(milliseconds);
      lastAt = performance.now();
    });
  });
}
