import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { Metrics } from '../common/metrics.js';

/** Whether something was found in memory, counted. */
interface Lookups {
  note<T>(found: T | null): T | null;
}

/** What is counted of tokens. */
@Injectable()
export class AccessTokenMetrics {
  readonly minted: Counter;
  /** Verifications that let a bearer in, or told a verifier that a token was used and is good. */
  readonly uses: Counter;
  readonly usesDropped: Counter;
  /** Texts that were proven before. */
  readonly proofs: Lookups;
  /** Tokens whose state is remembered, and still holds. */
  readonly states: Lookups;
  private readonly introspections: Counter<'active'>;

  constructor(metrics: Metrics) {
    this.minted = metrics.counter('tokens_minted_total', 'Tokens that were minted');
    this.uses = metrics.counter('verifications_accepted_total', 'Verifications that ended well and count as a use');
    this.usesDropped = metrics.counter('usage_dropped_total', 'Uses that went uncounted: too many tokens at a time');
    this.introspections = metrics.counter('introspections_total', 'Tokens that verifiers asked about', ['active']);
    this.proofs = lookups(metrics.counter('proof_cache_lookups_total', 'Texts looked for in memory', ['result']));
    this.states = lookups(metrics.counter('state_cache_lookups_total', 'States looked for in memory', ['result']));
  }

  introspected(isActive: boolean): void {
    this.introspections.inc({ active: String(isActive) });
  }
}

function lookups(counter: Counter<'result'>): Lookups {
  const [hit, miss] = [counter.labels('hit'), counter.labels('miss')];
  return {
    note(found) {
      (found === null ? miss : hit).inc();
      return found;
    },
  };
}
