import { Injectable } from '@nestjs/common';
import { Metrics, type Tally } from '../common/metrics.js';

/** Whether something was found in memory, counted. */
interface Lookups {
  note<T>(found: T | null): T | null;
}

/** What is counted of tokens. */
@Injectable()
export class AccessTokenMetrics {
  readonly minted: Tally;
  /** Verifications that let a bearer in, or told a verifier that a token was used and is good. */
  readonly uses: Tally;
  readonly usesDropped: Tally;
  /** Texts that were proven before. */
  readonly proofs: Lookups;
  /** Tokens whose state is remembered, and still holds. */
  readonly states: Lookups;
  private readonly active: Tally;
  private readonly inactive: Tally;

  constructor(metrics: Metrics) {
    const tally = (name: string, help: string): Tally => metrics.tallies(name, help)({});
    this.minted = tally('tokens_minted_total', 'Tokens that were minted');
    this.uses = tally('verifications_accepted_total', 'Verifications that ended well and count as a use');
    this.usesDropped = tally('usage_dropped_total', 'Uses that went uncounted: too many tokens at a time');
    const introspections = metrics.tallies('introspections_total', 'Tokens that verifiers asked about', ['active']);
    [this.active, this.inactive] = [introspections({ active: 'true' }), introspections({ active: 'false' })];
    this.proofs = lookups(metrics.tallies('proof_cache_lookups_total', 'Texts looked for in memory', ['result']));
    this.states = lookups(metrics.tallies('state_cache_lookups_total', 'States looked for in memory', ['result']));
  }

  introspected(isActive: boolean): void {
    (isActive ? this.active : this.inactive).inc();
  }
}

function lookups(of: (labels: { result: string }) => Tally): Lookups {
  const [hit, miss] = [of({ result: 'hit' }), of({ result: 'miss' })];
  return {
    note(found) {
      (found === null ? miss : hit).inc();
      return found;
    },
  };
}
