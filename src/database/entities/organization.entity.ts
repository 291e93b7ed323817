import { Column, Entity, Index, ManyToOne, PrimaryColumn } from 'typeorm';

/**
 * A root organization, or a sub-organization of one.
 * The index that makes a slug unique under its parent covers an expression, which only the migration can write.
 */
@Entity('organization')
@Index('uq_organization_parent_id_slug', { synchronize: false })
@Index('ix_organization_deleted_at', ['deletedAt'], { where: 'deleted_at IS NOT NULL' })
export class Organization {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text')
  slug: string;

  @ManyToOne(() => Organization, { nullable: true })
  parent?: Organization | null;

  /** Null on a root. */
  @Index()
  @Column('uuid', { nullable: true })
  parentId: string | null;

  /** TypeORM takes a relation to its own table for circular unless it may be null; the column below may not. */
  @ManyToOne(() => Organization, { nullable: true })
  root?: Organization;

  /** The organization itself on a root. */
  @Index()
  @Column('uuid')
  rootId: string;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;

  /** Unknown to every read from then on; the row leaves later. */
  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;
}
