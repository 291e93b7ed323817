import { Column, Entity, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import type { TrustedIp } from '../../common/http/trusted-ip.js';
import { Identity } from './identity.entity.js';

/** Token Auth as it is set up for one identity: the limits that its tokens are issued under. */
@Entity('token_auth_config')
@Unique(['identityId'])
export class TokenAuthConfig {
  @PrimaryColumn('uuid')
  id: string;

  @ManyToOne(() => Identity, { nullable: false, onDelete: 'CASCADE' })
  identity?: Identity;

  @Column('uuid')
  identityId: string;

  /** Seconds; 0 means no limit of this kind. */
  @Column('integer')
  ttl: number;

  /** Seconds; 0 means no limit of this kind. */
  @Column('integer')
  maxTtl: number;

  /** 0 means any number of uses. */
  @Column('integer')
  numUsesLimit: number;

  /** As sent, in order, taken apart. */
  @Column('jsonb')
  trustedIps: TrustedIp[];

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;
}
