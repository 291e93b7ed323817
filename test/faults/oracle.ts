/** Milliseconds on the clock of this process that nobody can set; the only clock that the oracle knows. */
export const now = (): number => performance.now();

/** The same clock's reading at a time that is told as seconds since 1970. */
export const atEpochSecond = (seconds: number): number => seconds * 1000 - Date.now() + now();

/** The seconds within which a revocation and an end reach every replica. */
const BOUND_MS = 1000;

/** A clock that was read on another machine's behalf is no better than a round trip to it; the rule allows no more. */
const CLOCK_ERROR_MS = 250;

/** One text of a token. A renewal gives another text of the same token. */
export interface Credential {
  tokenId: string;
  text: string;
  expiresAt: number;
}

export interface Issue {
  credential: Credential;
  /** Seconds that the rule gives from now on, and from the first issue; the second is absent for a first issue. */
  lifetime: number;
  endsBefore?: number;
  answeredAt: number;
  /** The new row, or another text for an old one. */
  isNew: boolean;
}

export interface Decision {
  credential: Credential;
  kind: 'verification' | 'mutation';
  /** The earliest instant at which it can have been taken: when it was asked for, unless the replica stood still then. */
  takenFrom: number;
  isAccepted: boolean;
  /** For people who look for the cause. */
  what: string;
}

export const COUNTS = {
  acceptedAfterRevoke: 'accepted more than 1 s after the revoke was acknowledged',
  mutatedAfterRevoke: 'mutations done with a token after its revoke was acknowledged',
  mintsLost: 'acknowledged mints lost',
  revokesLost: 'acknowledged revokes lost',
  usedBeyondLimit: 'uses beyond a limit',
  acceptedAfterExpiry: 'accepted 1 s or more after exp',
  mintedBeyondRule: 'minted with an exp beyond the rule',
} as const;

export type CountName = keyof typeof COUNTS;

export interface Count {
  violations: number;
  decisions: number;
}

/** The revokes that were acknowledged, the ends and the limits: it judges every answer that the load got. */
export class Oracle {
  readonly counts = Object.fromEntries(
    Object.keys(COUNTS).map((name) => [name, { violations: 0, decisions: 0 }]),
  ) as Record<CountName, Count>;

  /** What was violated, in words; the first few. */
  readonly findings: string[] = [];
  readonly minted = new Set<string>();
  /** When the revoke of a token was acknowledged. */
  readonly revokedAt = new Map<string, number>();
  private readonly limits = new Map<string, { limit: number; accepted: number }>();

  issued({ credential, lifetime, endsBefore = Number.POSITIVE_INFINITY, answeredAt, isNew }: Issue): void {
    if (isNew) this.minted.add(credential.tokenId);
    const latest = Math.min(answeredAt + lifetime * 1000, endsBefore) + CLOCK_ERROR_MS;
    this.judge('mintedBeyondRule', credential.expiresAt > latest, () => `${credential.tokenId} ends too late`);
  }

  limited({ tokenId }: Credential, limit: number): void {
    this.limits.set(tokenId, { limit, accepted: 0 });
  }

  revokeAcknowledged(tokenId: string, at: number): void {
    if (!this.revokedAt.has(tokenId)) this.revokedAt.set(tokenId, at);
  }

  decided(decision: Decision): void {
    const { credential, kind, takenFrom, isAccepted, what } = decision;
    const revokedAt = this.revokedAt.get(credential.tokenId) ?? Number.POSITIVE_INFINITY;
    const tell = (since: number) => () =>
      `${what} accepted ${credential.tokenId}, ${(takenFrom - since).toFixed(0)} ms after it had ended`;
    if (kind === 'mutation' && takenFrom > revokedAt) this.judge('mutatedAfterRevoke', isAccepted, tell(revokedAt));
    if (takenFrom > revokedAt + BOUND_MS) this.judge('acceptedAfterRevoke', isAccepted, tell(revokedAt));
    if (takenFrom >= credential.expiresAt + BOUND_MS)
      this.judge('acceptedAfterExpiry', isAccepted, tell(credential.expiresAt));
    const limited = this.limits.get(credential.tokenId);
    if (!limited) return;
    if (isAccepted) limited.accepted += 1;
    this.judge('usedBeyondLimit', isAccepted && limited.accepted > limited.limit, () => `${what} used one too many`);
  }

  /** What was found when all was over: which of the acknowledged deeds are still there. */
  kept(name: 'mintsLost' | 'revokesLost', acknowledged: Iterable<string>, isThere: (tokenId: string) => boolean): void {
    for (const tokenId of acknowledged) this.judge(name, !isThere(tokenId), () => `${name}: ${tokenId}`);
  }

  /** A mutation whose answer was lost or a refusal, and that was done all the same though it was asked for too late. */
  foundDone(what: string): void {
    this.counts.mutatedAfterRevoke.violations += 1;
    this.findings.push(`${what} was done after the revoke`);
  }

  /** On how many decisions the weakest count rests, or will when all is looked for in the end. */
  leastDecisions(): number {
    const { minted, revokedAt, counts } = this;
    const atTheEnd: Record<string, number> = { mintsLost: minted.size, revokesLost: revokedAt.size };
    return Math.min(...Object.entries(counts).map(([name, { decisions }]) => atTheEnd[name] ?? decisions));
  }

  get violations(): Record<CountName, number> {
    const each = Object.entries(this.counts).map(([name, { violations }]) => [name, violations]);
    return Object.fromEntries(each) as Record<CountName, number>;
  }

  private judge(name: CountName, isViolated: boolean, tell: () => string): void {
    const count = this.counts[name];
    count.decisions += 1;
    if (!isViolated) return;
    count.violations += 1;
    if (this.findings.length < 20) this.findings.push(tell());
  }
}

/** No violations at all. */
export const NONE = Object.fromEntries(Object.keys(COUNTS).map((name) => [name, 0]));
