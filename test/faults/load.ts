import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import { type Deeds, REVOCATION_WAYS } from './deeds.js';
import { Loops } from './loops.js';
import { type Credential, now, type Oracle } from './oracle.js';
import { pick, Pools } from './pools.js';
import { Propagation } from './propagation.js';
import type { Replica } from './replica.js';

/** Milliseconds after which a replica's refusal is not waited for any more: it has none to give now. */
const REFUSAL_PATIENCE = 3000;

/** More than a limited token may be used, all replicas together. */
const USES_PER_REPLICA = 12;

/** Uses the service as its callers do, on all replicas at the same time, until it is told to end. */
export class Load {
  readonly propagation = new Propagation();
  private readonly loops = new Loops();
  private readonly pools = new Pools();

  constructor(
    private readonly cluster: Cluster,
    private readonly deeds: Deeds,
    private readonly oracle: Oracle,
  ) {}

  start(): void {
    const repeat = (times: number, work: () => Promise<void>): void => {
      for (let each = 0; each < times; each += 1) this.loops.repeat(work);
    };
    for (const replica of this.cluster.replicas) {
      // A replica that answers late holds up only those that ask it.
      repeat(2, () => this.verifyAny(replica));
      repeat(1, () => this.mutateAny(replica));
    }
    repeat(4, () => this.liveUntilRevoked());
    repeat(2, () => this.liveBriefly());
    repeat(1, () => this.liveByUses());
  }

  /** Lets everything come to its end that has begun. */
  end = (): Promise<void> => this.loops.end();

  abandon = (): void => this.loops.abandon();

  /** Tokens that ought to be good. */
  get living(): readonly Credential[] {
    return this.pools.of('live');
  }

  /** Tokens that every replica that can has found good just now. */
  async witnesses(count: number): Promise<Credential[]> {
    const minted = await Promise.all(Array.from({ length: count }, async () => this.mint()));
    await Promise.all(minted.map(async (credential) => this.showAround(credential)));
    return minted;
  }

  /** A token that only the replicas given may know. */
  unseen = (via: readonly Replica[]): Promise<Credential> => this.mint(via);

  /** Revokes by way of the replicas given; returns when each revoke was acknowledged. */
  async revoke(credentials: readonly Credential[], via: readonly Replica[]): Promise<void> {
    await Promise.all(credentials.map(async (credential) => this.revokeOne(credential, via)));
  }

  private async mint(via: readonly Replica[] = this.cluster.except()): Promise<Credential> {
    for (let attempt = 0; ; attempt += 1) {
      const credential = await this.deeds.mint(via[attempt % via.length], 'lasting');
      if (credential) return credential;
      await this.loops.rest();
    }
  }

  private async showAround(credential: Credential): Promise<void> {
    await Promise.all(this.cluster.replicas.map((replica) => this.deeds.verify(replica, credential, 1000)));
  }

  private async revokeOne(credential: Credential, via: readonly Replica[]): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const replica = via[attempt % via.length];
      // After an answer that was lost, the text may be no credential any more.
      const way = attempt === 0 ? pick(REVOCATION_WAYS) : 'by id';
      if (await this.deeds.revoke(replica, credential, way)) {
        this.pools.put('revoked', credential);
        for (const other of this.cluster.except(replica)) this.loops.keep(this.awaitRefusal(other, credential));
        return;
      }
      await this.loops.rest();
    }
  }

  private async awaitRefusal(replica: Replica, credential: Credential): Promise<void> {
    const wasDisturbed = this.propagation.isDisturbed;
    const revokedAt = this.oracle.revokedAt.get(credential.tokenId) ?? now();
    while (now() < revokedAt + REFUSAL_PATIENCE && this.loops.isRunning) {
      const { verdict, answeredAt } = await this.deeds.verify(replica, credential, REFUSAL_PATIENCE);
      if (verdict === 'refused') return this.propagation.refused(answeredAt - revokedAt, wasDisturbed);
      await this.loops.rest();
    }
  }

  private async liveUntilRevoked(): Promise<void> {
    const credential = await this.mint();
    await this.showAround(credential);
    this.pools.put('live', credential);
    const isToStay = Math.random() < 0.1;
    if (isToStay) return;
    await this.revokeOne(credential, this.cluster.except());
    this.pools.drop('live', credential);
  }

  /** Renewed once, and asked about beyond the end of either text. */
  private async liveBriefly(): Promise<void> {
    const [first, second] = this.cluster.except();
    const credential = await this.deeds.mint(first, 'brief');
    if (!credential) return;
    await this.showAround(credential);
    this.pools.put('ended', credential);
    await delay(1200);
    // The end by max TTL, three seconds from the first issue, is one second after that by TTL.
    const renewed = await this.deeds.renew(second, credential, 'brief', credential.expiresAt + 1000);
    if (renewed) this.pools.put('ended', renewed);
  }

  /** Used on all replicas at the same time, more often than it may be. */
  private async liveByUses(): Promise<void> {
    const [first] = this.cluster.except();
    const credential = await this.deeds.mint(first, 'limited');
    if (!credential) return;
    const useUp = async (replica: Replica): Promise<void> => {
      for (let use = 0; use < USES_PER_REPLICA; use += 1) await this.deeds.verify(replica, credential, 1000);
    };
    await Promise.all(this.cluster.replicas.map(useUp));
    await delay(200);
  }

  private async verifyAny(replica: Replica): Promise<void> {
    const credential = this.pools.any('revoked', 'revoked', 'ended', 'live');
    if (credential) await this.deeds.verify(replica, credential);
  }

  private async mutateAny(replica: Replica): Promise<void> {
    const credential = this.pools.any('revoked', 'revoked', 'live');
    if (!credential) return;
    const deed = pick([
      () => this.deeds.mintWith(replica, credential),
      () => this.deeds.rename(replica, credential),
      async () => void (await this.deeds.renew(replica, credential, 'lasting')),
    ]);
    await deed?.();
  }
}
