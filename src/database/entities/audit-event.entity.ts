import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who did what to what, when, from where, and how it ended. No foreign keys: it outlives what it names. */
@Entity('audit_event')
@Index(['organizationId', 'createdAt', 'id'])
@Index(['organizationId', 'event', 'createdAt', 'id'])
@Index(['organizationId', 'actorIdentityId', 'createdAt', 'id'])
@Index(['organizationId', 'identityId', 'createdAt', 'id'])
@Index(['organizationId', 'tokenId', 'createdAt', 'id'])
export class AuditEvent {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  event: string;

  /** `success` or `refused`. */
  @Column('text')
  outcome: string;

  /** The organization whose audit log has it, the actor's or that of a changed token; null for an operator's command. */
  @Column('uuid', { nullable: true })
  organizationId: string | null;

  @Column('uuid', { nullable: true })
  actorIdentityId: string | null;

  @Column('uuid', { nullable: true })
  actorTokenId: string | null;

  @Column('uuid', { nullable: true })
  identityId: string | null;

  @Column('uuid', { nullable: true })
  tokenId: string | null;

  /** Describes the event: ids, slugs, old and new values of changed fields. Holds no secret. */
  @Column('jsonb')
  details: object;

  @Column('text', { nullable: true })
  ipAddress: string | null;

  @Column('text', { nullable: true })
  userAgent: string | null;

  @Column('text', { nullable: true })
  reqId: string | null;

  @Column('timestamptz')
  createdAt: Date;
}
