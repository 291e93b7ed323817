import { Column, Entity, Index, ManyToOne, PrimaryColumn } from 'typeorm';
import { Identity } from './identity.entity.js';

/** A key and a value that an operator noted on an identity. */
@Entity('identity_metadata')
export class IdentityMetadata {
  @PrimaryColumn('uuid')
  id: string;

  @ManyToOne(() => Identity, { nullable: false, onDelete: 'CASCADE' })
  identity?: Identity;

  @Index()
  @Column('uuid')
  identityId: string;

  @Column('text')
  key: string;

  @Column('text')
  value: string;

  /** The order in which the pairs were sent. */
  @Column('integer')
  position: number;
}
