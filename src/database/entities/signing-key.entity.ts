import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The public half of a key (RFC 7517): elliptic curve or RSA. */
export interface PublicJwk {
  kty: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
}

/** A key that signs access tokens. One at most is active, and one at most is to be so next. */
@Entity('signing_key')
@Check('ck_signing_key_state', `state IN ('next', 'active', 'retiring', 'retired', 'revoked')`)
@Index('uq_signing_key_active', ['state'], { unique: true, where: `state = 'active'` })
@Index('uq_signing_key_next', ['state'], { unique: true, where: `state = 'next'` })
export class SigningKey {
  @PrimaryColumn('text')
  kid: string;

  @Column('text')
  algorithm: string;

  @Column('jsonb')
  publicJwk: PublicJwk;

  /** Sealed under a key-encryption key; null once it can sign no more. */
  @Column('bytea', { nullable: true })
  sealedPrivateKey: Buffer | null;

  /** Binds `kid`, algorithm and public half to a key-encryption key. Null once the key verifies nothing any more. */
  @Column('bytea', { nullable: true })
  mac: Buffer | null;

  /** True for a key from before there were MACs, until the first start that can give it one. No statement can set it. */
  @Column('boolean', { default: false })
  isAdoptable: boolean;

  @Column('text')
  state: string;

  @Column('timestamptz')
  createdAt: Date;

  /** When it got the state that it has. */
  @Column('timestamptz')
  stateSince: Date;

  /** By then all that it signed has expired; null until it signs no more. */
  @Column('timestamptz', { nullable: true })
  verifiesUntil: Date | null;
}
