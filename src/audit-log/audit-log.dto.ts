import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsRFC3339, IsUUID, ValidateBy } from 'class-validator';
import { AUDIT_EVENTS } from '../audit-event/audit-event-names.js';
import { IntegerField, Optional } from '../common/validation/fields.js';
import { Text, Time, Uuid } from '../common/validation/response-fields.js';
import type { AuditEvent } from '../database/entities/audit-event.entity.js';
import { parseCursor } from './cursor.js';

const IdFilter = (description: string): PropertyDecorator =>
  applyDecorators(
    Optional(),
    IsUUID('loose'),
    ApiProperty({ type: 'string', format: 'uuid', required: false, description }),
  );

const TimeFilter = (description: string): PropertyDecorator =>
  applyDecorators(
    Optional(),
    IsRFC3339(),
    ValidateBy({
      name: 'isTime',
      validator: {
        validate: (value) => !Number.isNaN(Date.parse(String(value))),
        defaultMessage: () => '$property must be a time that exists',
      },
    }),
    ApiProperty({ type: 'string', format: 'date-time', required: false, description }),
  );

const IsCursor = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCursor',
    validator: {
      validate: (value) => typeof value === 'string' && parseCursor(value) !== null,
      defaultMessage: () => '$property must be the nextCursor of an earlier answer',
    },
  });

export class ListAuditLogsQueryDto {
  @Optional()
  @IsIn(AUDIT_EVENTS)
  @ApiProperty({ type: 'string', enum: AUDIT_EVENTS, required: false, description: 'Only this event' })
  event?: string;

  @IdFilter('Only what this identity did')
  actor?: string;

  @IdFilter('Only what was done to this identity')
  identity?: string;

  @IdFilter('Only what was done to this token')
  token?: string;

  @TimeFilter('Only events at this time or later')
  from?: string;

  @TimeFilter('Only events before this time')
  to?: string;

  @IntegerField({ type: 'number', minimum: 1, maximum: 100, default: 50, description: 'Events to return' })
  limit?: number;

  @Optional()
  @IsCursor()
  @ApiProperty({ type: 'string', required: false, description: 'The `nextCursor` of the page before' })
  cursor?: string;
}

export class AuditLogActorDto {
  @Uuid({ nullable: true })
  identityId: string | null;

  @Uuid({ nullable: true })
  tokenId: string | null;
}

export class AuditLogDto {
  @Uuid()
  id: string;

  @Text()
  event: string;

  @Text({ description: '`success` or `refused`' })
  outcome: string;

  @ApiProperty({ type: AuditLogActorDto })
  actor: AuditLogActorDto;

  @Uuid({ nullable: true })
  identityId: string | null;

  @Uuid({ nullable: true })
  tokenId: string | null;

  @Text({ nullable: true })
  ipAddress: string | null;

  @Text({ nullable: true })
  userAgent: string | null;

  @Text({ nullable: true })
  reqId: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'Describes the event. `changes` has the fields that differ, each with its old value `from` and its new value `to`; a creation has no `from`, a deletion no `to`. Long texts and lists are `{ truncated, length }`. `isOmitted` replaces values that are too long together.',
    example: { changes: { accessTokenTrustedIps: { from: ['10.0.0.0/8'], to: ['10.0.0.0/8', '203.0.113.7'] } } },
  })
  details: object;

  @Time()
  createdAt: Date;

  static from(event: AuditEvent): AuditLogDto {
    return {
      id: event.id,
      event: event.event,
      outcome: event.outcome,
      actor: { identityId: event.actorIdentityId, tokenId: event.actorTokenId },
      identityId: event.identityId,
      tokenId: event.tokenId,
      ipAddress: event.ipAddress,
      userAgent: event.userAgent,
      reqId: event.reqId,
      details: event.details,
      createdAt: event.createdAt,
    };
  }
}

export class AuditLogListResponseDto {
  @ApiProperty({ type: [AuditLogDto] })
  auditLogs: AuditLogDto[];

  @Text({ nullable: true })
  nextCursor: string | null;
}
