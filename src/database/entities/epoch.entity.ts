import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { bigint } from '../column-types.js';

/** The sequence of the latest wide revocation of a scope. A token with a lower epoch in one of its scopes is dead. */
@Entity('epoch')
export class Epoch {
  @PrimaryColumn('text')
  scope: string;

  @Index()
  @PrimaryColumn('text')
  key: string;

  @Column('bigint', { transformer: bigint })
  sequence: number;
}
