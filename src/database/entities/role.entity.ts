import { Column, Entity, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { Organization } from './organization.entity.js';

/** What a holder may do to one kind of subject. */
export interface PermissionRule {
  subject: string;
  action: string[];
}

/** A role that an organization made for itself. Built-in roles have no row. */
@Entity('role')
@Unique(['organizationId', 'slug'])
export class Role {
  @PrimaryColumn('uuid')
  id: string;

  @ManyToOne(() => Organization, { nullable: false, onDelete: 'CASCADE' })
  organization?: Organization;

  @Column('uuid')
  organizationId: string;

  @Column('text')
  slug: string;

  @Column('text')
  name: string;

  @Column('text', { nullable: true })
  description: string | null;

  @Column('jsonb')
  permissions: PermissionRule[];

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;
}
