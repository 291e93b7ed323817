import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { Backing } from '../config/backing.js';
import { type PublicJwk, SigningKey } from '../database/entities/signing-key.entity.js';
import { KeySealer } from './key-sealer.js';

/** The key of the advisory lock under which one replica makes the first signing key. */
const MAKING_LOCK = 0x746f_6b31;

/** An unknown `kid` is looked for in the database no more often than this, in milliseconds. */
const LOOK_AGAIN_MS = 1000;

export interface VerificationKey {
  kid: string;
  algorithm: 'ES256' | 'RS256';
  publicKey: KeyObject;
}

export interface ActiveKey extends VerificationKey {
  privateKey: KeyObject;
}

/** The keys that sign and verify access tokens, prepared once. The truth about their state is in the database. */
@Injectable()
export class SigningKeys implements OnApplicationBootstrap {
  private readonly sealer: KeySealer;
  private keys = new Map<string, VerificationKey>();
  private current: ActiveKey | null = null;
  private loadedAt = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    backing: Backing,
  ) {
    this.sealer = new KeySealer(backing.keyEncryptionKeys);
  }

  /** Makes the first key of an instance; several replicas that start at once make one. */
  async onApplicationBootstrap(): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [MAKING_LOCK]);
      if (!(await tx.existsBy(SigningKey, { state: 'active' }))) await this.make(tx);
    });
    await this.load();
  }

  /** The key that signs now. */
  active(): ActiveKey {
    if (!this.current) throw new Error('There is no active signing key');
    return this.current;
  }

  /** The key of that name, or null; there is no default. An unknown name costs at most one read a second. */
  async find(kid: string): Promise<VerificationKey | null> {
    if (!this.keys.has(kid) && this.clock.monotonic() - this.loadedAt > LOOK_AGAIN_MS) await this.load();
    return this.keys.get(kid) ?? null;
  }

  /** Reads all keys from the database; callers at the same time share one reading. */
  async load(): Promise<void> {
    this.loading ??= this.read().finally(() => (this.loading = null));
    await this.loading;
  }

  private async read(): Promise<void> {
    this.loadedAt = this.clock.monotonic();
    const rows = await this.dataSource.manager.find(SigningKey);
    const usable = rows.filter(({ state }) => state !== 'revoked' && state !== 'retired');
    const known = this.keys;
    this.keys = new Map(usable.map((row) => [row.kid, known.get(row.kid) ?? verificationKey(row)]));
    const active = usable.find(({ state }) => state === 'active');
    if (active?.kid !== this.current?.kid) this.current = active ? this.unseal(active) : null;
  }

  private unseal(row: SigningKey): ActiveKey {
    const key = verificationKey(row);
    if (!row.sealedPrivateKey) throw new Error(`The active signing key ${row.kid} has no private half`);
    return { ...key, privateKey: this.sealer.unseal(row.sealedPrivateKey, row, key.publicKey) };
  }

  private async make(tx: EntityManager): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicJwk = publicKey.export({ format: 'jwk' }) as PublicJwk;
    const label = { kid: thumbprint(publicJwk), algorithm: 'ES256' };
    const now = this.clock.now();
    await tx.insert(SigningKey, {
      ...label,
      publicJwk,
      sealedPrivateKey: this.sealer.seal(privateKey, label),
      state: 'active',
      createdAt: now,
      stateSince: now,
    });
  }
}

function verificationKey({ kid, algorithm, publicJwk }: SigningKey): VerificationKey {
  if (algorithm !== 'ES256' && algorithm !== 'RS256')
    throw new Error(`The signing key ${kid} has an unknown algorithm`);
  return { kid, algorithm, publicKey: createPublicKey({ key: { ...publicJwk }, format: 'jwk' }) };
}

/** The name of an elliptic-curve key: its JWK thumbprint (RFC 7638). */
function thumbprint({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
