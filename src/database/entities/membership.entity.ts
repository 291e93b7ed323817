import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { Identity } from './identity.entity.js';
import { Organization } from './organization.entity.js';
import { Role } from './role.entity.js';

/** An identity in an organization, with the role it has there. */
@Entity('membership')
@Unique(['organizationId', 'identityId'])
@Index(['organizationId', 'createdAt', 'id'])
@Index('ix_membership_administrator', ['organizationId'], { where: "role = 'admin'" })
@Check('ck_membership_role', `(role = 'custom') = (role_id IS NOT NULL)`)
export class Membership {
  @PrimaryColumn('uuid')
  id: string;

  @ManyToOne(() => Organization, { nullable: false })
  organization?: Organization;

  @Column('uuid')
  organizationId: string;

  @ManyToOne(() => Identity, { nullable: false, onDelete: 'CASCADE' })
  identity?: Identity;

  @Index()
  @Column('uuid')
  identityId: string;

  /** The slug of a built-in role, or `custom`. */
  @Column('text')
  role: string;

  @ManyToOne(() => Role, { nullable: true, onDelete: 'RESTRICT' })
  @JoinColumn({ name: 'role_id' })
  customRole?: Role | null;

  @Index()
  @Column('uuid', { nullable: true })
  roleId: string | null;

  /** While it is off, the tokens of this membership are refused. */
  @Column('boolean')
  isActive: boolean;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;
}
