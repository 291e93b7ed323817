import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigint } from '../column-types.js';

/**
 * Uses of a token, merged in every second or so. Its own table without a foreign key, so that counting never touches the
 * row that a revoke updates; a trigger removes it with its token's row. Where a token has a limit, its own row has the
 * exact count.
 */
@Entity('access_token_usage')
export class AccessTokenUsage {
  @PrimaryColumn('uuid')
  tokenId: string;

  @Column('bigint', { transformer: bigint })
  numUses: number;

  @Column('timestamptz')
  lastUsedAt: Date;

  @Column('inet', { nullable: true })
  lastUsedFrom: string | null;
}
