import { Column, Entity, Index, ManyToOne, PrimaryColumn } from 'typeorm';
import { Organization } from './organization.entity.js';

/** A machine identity, owned by one organization and a member of it and perhaps of others. */
@Entity('identity')
@Index('ix_identity_deleted_at', ['deletedAt'], { where: 'deleted_at IS NOT NULL' })
@Index('ix_identity_protected', ['organizationId'], { where: 'has_delete_protection' })
export class Identity {
  @PrimaryColumn('uuid')
  id: string;

  @Index()
  @Column('text')
  name: string;

  @ManyToOne(() => Organization, { nullable: false })
  organization?: Organization;

  @Index()
  @Column('uuid')
  organizationId: string;

  @Column('boolean')
  hasDeleteProtection: boolean;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;

  /** Unknown to every read from then on; the row leaves later. */
  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;
}
