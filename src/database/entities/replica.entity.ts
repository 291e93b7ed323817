import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A running replica, by the beat that each of its reads of the revocation log updates. */
@Entity('replica')
export class Replica {
  @PrimaryColumn('uuid')
  id: string;

  @Column('timestamptz')
  beatAt: Date;
}
