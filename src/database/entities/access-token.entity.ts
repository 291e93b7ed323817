import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { bigint } from '../column-types.js';
import { Identity } from './identity.entity.js';
import { Organization } from './organization.entity.js';
import { SigningKey } from './signing-key.entity.js';

/** A bearer token handed to an identity. Its text is stored nowhere; its limits live here. */
@Entity('access_token')
@Index(['identityId', 'organizationId', 'createdAt', 'id'])
@Index('ix_access_token_of_identity', ['identityId', 'createdAt', 'id'], { where: 'ttl >= 0' })
@Index(['identityId', 'expiresAt'])
@Index(['organizationId', 'identityId', 'expiresAt'])
export class AccessToken {
  @PrimaryColumn('uuid')
  id: string;

  @ManyToOne(() => Identity, { nullable: false })
  identity?: Identity;

  @Column('uuid')
  identityId: string;

  /** The organization that the token works in, and nowhere else. */
  @ManyToOne(() => Organization, { nullable: false })
  organization?: Organization;

  @Column('uuid')
  organizationId: string;

  /** The key that signed its latest text. */
  @ManyToOne(() => SigningKey, { nullable: false })
  @JoinColumn({ name: 'kid' })
  signingKey?: SigningKey;

  @Index()
  @Column('text')
  kid: string;

  @Column('text')
  authMethod: string;

  @Column('text', { nullable: true })
  name: string | null;

  /** Seconds; 0 means no limit of this kind. */
  @Column('integer')
  ttl: number;

  /** Seconds; 0 means no limit of this kind. */
  @Column('integer')
  maxTtl: number;

  /** 0 means any number of uses. */
  @Column('integer')
  numUsesLimit: number;

  /** Uses of a token that has a limit; the others' are counted apart. */
  @Column('integer')
  numUses: number;

  /** The highest epoch among its scopes when it was minted; a higher one since then ends it. */
  @Column('bigint', { transformer: bigint })
  epoch: number;

  /** Of a token that has a limit; the others' is kept apart. */
  @Column('timestamptz', { nullable: true })
  lastUsedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  lastRenewedAt: Date | null;

  /** The latest `exp` that was signed for it. */
  @Index()
  @Column('timestamptz')
  expiresAt: Date;

  @Column('timestamptz', { nullable: true })
  revokedAt: Date | null;

  @Column('text', { nullable: true })
  revokedReason: string | null;

  /** The identity that asked for it; null for the first token of an instance. */
  @Column('uuid', { nullable: true })
  mintedBy: string | null;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;
}
