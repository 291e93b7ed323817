import { Column, Entity, ManyToOne, JoinColumn, PrimaryColumn } from 'typeorm';
import { bigint } from '../column-types.js';
import { AccessToken } from './access-token.entity.js';

/**
 * Uses of a token, merged in every second or so. Its own table, so that counting never touches the row that a revoke
 * updates. Where a token has a limit, its own row has the exact count.
 */
@Entity('access_token_usage')
export class AccessTokenUsage {
  @PrimaryColumn('uuid')
  tokenId: string;

  @ManyToOne(() => AccessToken, { nullable: false, onDelete: 'CASCADE' })
  @JoinColumn({ name: 'token_id' })
  token?: AccessToken;

  @Column('bigint', { transformer: bigint })
  numUses: number;

  @Column('timestamptz')
  lastUsedAt: Date;

  @Column('inet', { nullable: true })
  lastUsedFrom: string | null;
}
