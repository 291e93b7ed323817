import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The one row that says which instance this is. It outlives every organization. */
@Entity('instance')
export class Instance {
  /** Always 1: there is one row at most. */
  @PrimaryColumn('smallint')
  id: number;

  /** Never changes. A dump of the database has it too, so it does not tell a copy from the original. */
  @Column('uuid')
  installationId: string;

  /** A new one after each restore: positions in the revocation log mean nothing across it. */
  @Column('uuid')
  incarnation: string;

  /** The database system that the row was written in, as `pg_control_system()` tells; null until a start looked. */
  @Column('text', { nullable: true })
  systemIdentifier: string | null;

  /** The oid of the database that the row was written in. */
  @Column('bigint', { nullable: true })
  databaseOid: string | null;

  @Column('timestamptz', { nullable: true })
  bootstrappedAt: Date | null;

  /**
   * The timestamp of a migration; code that doesn't know that one can't live with this schema. A migration that takes
   * away what older code rests on raises it to the migration with which the code stopped resting on that.
   */
  @Column('bigint', { default: 0 })
  schemaFloor: string;
}
