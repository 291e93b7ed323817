import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An entry of the append-only log of what is no longer to be believed. No foreign keys: it outlives what it names. */
@Entity('revocation')
@Index(['transactionId', 'sequence'])
export class Revocation {
  @PrimaryColumn('bigint', { generated: 'identity', generatedIdentity: 'ALWAYS' })
  sequence: string;

  /** The transaction that wrote it: what lets a reader tell certainty from sight. */
  @Column('bigint')
  transactionId: string;

  /** `revoked`: dead for good. `changed`: drop what you know and ask again. */
  @Column('text')
  effect: string;

  @Column('text')
  scope: string;

  /** Which one of the scope's things. */
  @Column('text')
  key: string;

  /** The organization that it concerns; null: all of them. */
  @Column('uuid', { nullable: true })
  organizationId: string | null;

  /** Of an entry about an identity: the organizations in which it has tokens; null: unknown or too many. */
  @Column('uuid', { array: true, nullable: true })
  tokenOrganizationIds: string[] | null;

  /** Until then a token that it names could live. */
  @Index()
  @Column('timestamptz')
  keepUntil: Date;

  @Column('timestamptz')
  createdAt: Date;
}
