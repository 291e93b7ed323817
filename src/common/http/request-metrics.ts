import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_OF } from '../errors/app-error.js';
import { Metrics } from '../metrics.js';
import './fastify-request.js';

/** Seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Answers that refuse a caller, where others find fault with what was sent. */
const REFUSALS = new Set([401, 403, 429]);

/** Where no route was found, nothing of what was sent may become a label. */
const NO_ROUTE = { route: 'none', method: 'any' };

type Count = (seconds: number) => void;

/** Counts answers, by the pattern of the route and never by the URL. Costs a request about a microsecond. */
@Injectable()
export class RequestMetrics {
  private readonly counts = new Map<string, Count>();
  private readonly requests;
  private readonly durations;
  private readonly denials;
  private readonly inactive;

  constructor(metrics: Metrics) {
    const labels: ('route' | 'method')[] = ['route', 'method'];
    this.requests = metrics.tallies('http_requests_total', 'Requests that were answered', [...labels, 'status']);
    this.durations = metrics.histogram('http_request_duration_seconds', 'Time to the answer', labels, BUCKETS);
    this.denials = metrics.counter('denials_total', 'Requests that were refused, by the reason', ['reason']);
    this.inactive = metrics.counter('introspected_inactive_total', 'Tokens that verifiers were told no of', ['reason']);
  }

  /** Takes note of an answer. */
  note(request: FastifyRequest, { statusCode, elapsedTime }: FastifyReply, route: string | undefined): void {
    // Methods that nobody serves are not worth a place of their own.
    const labels = route === undefined ? NO_ROUTE : { route, method: request.method };
    const key = `${labels.method} ${statusCode} ${labels.route}`;
    let count = this.counts.get(key);
    if (!count) {
      count = this.countOf(labels, statusCode);
      this.counts.set(key, count);
    }
    count(elapsedTime / 1000);
    if (request.denial && REFUSALS.has(STATUS_OF[request.denial])) {
      this.denials.inc({ reason: request.denialReason ?? request.denial });
    }
    for (const { reason } of request.inactive ?? []) this.inactive.inc({ reason });
  }

  private countOf({ route, method }: typeof NO_ROUTE, statusCode: number): Count {
    const requests = this.requests({ route, method, status: String(statusCode) });
    const durations = this.durations.labels(route, method);
    return (seconds) => {
      requests.inc();
      durations.observe(seconds);
    };
  }
}
