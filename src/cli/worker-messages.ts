import type { MetricsSnapshot } from '../common/metrics.js';
import type { HealthCheck } from '../health/health-source.js';

/** What the primary asks a worker, and what it is answered. */
export interface Answers {
  readiness: HealthCheck[];
  metrics: MetricsSnapshot;
}

/** What a worker is to serve: the primary alone has looked for the database and the keys. */
export interface WorkerOrders {
  /** From 1; another one that takes a worker's place has its number. */
  number: number;
  databaseUrl: string;
  keyEncryptionKeys: readonly Buffer[];
}

export type ToWorker =
  { kind: 'serve'; orders: WorkerOrders } | { kind: 'tell'; question: number; about: keyof Answers } | { kind: 'stop' };

export type FromWorker =
  /** It listens for messages: what is sent before that is lost. */
  | { kind: 'here' }
  /** It listens for requests. */
  | { kind: 'started'; port: number }
  | { kind: 'told'; question: number; answer: Answers[keyof Answers] };
