import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What a mint with an `Idempotency-Key` gave, so that its repetition gives the same. */
@Entity('idempotency_key')
export class IdempotencyKey {
  @PrimaryColumn('uuid')
  callerIdentityId: string;

  @PrimaryColumn('text')
  key: string;

  @PrimaryColumn('uuid')
  targetIdentityId: string;

  @PrimaryColumn('uuid')
  organizationId: string;

  @Column('uuid')
  tokenId: string;

  @Column('bytea')
  bodyDigest: Buffer;

  /** What the token's text says: never the text. */
  @Column('jsonb')
  claims: object;

  @Index()
  @Column('timestamptz')
  expiresAt: Date;
}
