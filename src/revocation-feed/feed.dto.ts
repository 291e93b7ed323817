import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { IntegerField, Optional } from '../common/validation/fields.js';
import { Flag, Integer, Text } from '../common/validation/response-fields.js';
import type { LogEntry } from '../revocation/log-read.js';
import { SCOPES } from '../revocation/scope.js';
import { parseCursor } from './feed-cursor.js';

const IsFeedCursor = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCursor',
    validator: {
      validate: (value) => typeof value === 'string' && parseCursor(value) !== null,
      defaultMessage: () => '$property must be a cursor of an earlier answer',
    },
  });

export class ListRevocationsQueryDto {
  @Optional()
  @IsFeedCursor()
  @ApiProperty({ type: 'string', required: false, description: 'The `next` of the answer before; absent: everything' })
  after?: string;

  @IntegerField({ minimum: 1, maximum: 1000, default: 500, description: 'Entries to return' })
  limit?: number;
}

export class FollowRevocationsQueryDto {
  @Optional()
  @IsFeedCursor()
  @ApiProperty({
    type: 'string',
    required: false,
    description: 'The id of the last event; absent: everything. The header `Last-Event-ID` says the same',
  })
  after?: string;
}

/** One entry of the revocation log. */
export class RevocationEntryDto {
  @Integer({ description: 'What the claim `epoch` of a token is compared with' })
  sequence: number;

  @Text({
    enum: ['revoked', 'changed'],
    description: '`revoked`: dead for good. `changed`: tokens that it names are not to be judged without asking',
  })
  effect: string;

  @Text({ enum: SCOPES, description: 'What `key` is the id of' })
  scope: string;

  @Text({ description: 'Which token, identity, organization, … it is; of two ids, `<identity>:<other>`' })
  key: string;

  static from({ sequence, effect, scope, key }: LogEntry): RevocationEntryDto {
    return { sequence, effect, scope, key };
  }
}

export class RevocationPageDto {
  @ApiProperty({ type: [RevocationEntryDto] })
  entries: RevocationEntryDto[];

  @Text({ description: 'Send it back as `after`' })
  next: string;

  @Flag({ description: 'Whether there is more right now' })
  hasMore: boolean;

  @Flag({ description: 'The cursor means nothing any more: forget all entries that came before this page' })
  reset: boolean;

  @Integer({
    description:
      'Milliseconds between the arrival of this request and the moment up to which the log was read. When there is no more, everything is known that was revoked up to then',
  })
  asOf: number;
}
