import type { Credential } from './oracle.js';

/** The newest so many of a kind are asked about again and again. */
const POOL_SIZE = 150;

type PoolName = 'live' | 'revoked' | 'ended';

/** Tokens that the load asks about, by what became of them. */
export class Pools {
  private readonly pools: Record<PoolName, Credential[]> = { live: [], revoked: [], ended: [] };

  /** Puts it among the newest, and lets the oldest go. */
  put(name: PoolName, credential: Credential): void {
    this.pools[name].push(credential);
    if (this.pools[name].length > POOL_SIZE) this.pools[name].shift();
  }

  drop(name: PoolName, credential: Credential): void {
    this.pools[name] = this.pools[name].filter((other) => other !== credential);
  }

  of(name: PoolName): readonly Credential[] {
    return this.pools[name];
  }

  /** Any of one of these; a name that is given twice comes twice as often. */
  any(...names: PoolName[]): Credential | undefined {
    const name = pick(names);
    return name && pick(this.pools[name]);
  }
}

export const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(Math.random() * choices.length)];
