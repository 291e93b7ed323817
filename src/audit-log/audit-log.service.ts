import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditEvent } from '../database/entities/audit-event.entity.js';
import type { Actor } from '../permission/actor.js';
import { Permissions } from '../permission/permissions.service.js';
import { AuditLogDto, type AuditLogListResponseDto, type ListAuditLogsQueryDto } from './audit-log.dto.js';
import { cursorOf, parseCursor } from './cursor.js';

const DEFAULT_LIMIT = 50;

/** Reads the events of the caller's organization. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly permissions: Permissions,
  ) {}

  /** One row more than asked for is read: it tells whether another page follows. */
  async list(actor: Actor, query: ListAuditLogsQueryDto): Promise<AuditLogListResponseDto> {
    this.permissions.check(actor, 'audit-logs', 'read');
    const limit = query.limit ?? DEFAULT_LIMIT;
    const found = await this.matching(actor, query)
      .take(limit + 1)
      .getMany();
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      auditLogs: page.map((event) => AuditLogDto.from(event)),
      nextCursor: found.length > limit && last ? cursorOf(last) : null,
    };
  }

  private matching(
    { organizationId }: Actor,
    { event, actor, identity, token, from, to, cursor }: ListAuditLogsQueryDto,
  ) {
    const rows = this.dataSource.manager
      .createQueryBuilder(AuditEvent, 'e')
      .where('e.organizationId = :organizationId', { organizationId })
      .orderBy('e.createdAt', 'DESC')
      .addOrderBy('e.id', 'DESC');
    if (event !== undefined) rows.andWhere('e.event = :event', { event });
    if (actor !== undefined) rows.andWhere('e.actorIdentityId = :actor', { actor });
    if (identity !== undefined) rows.andWhere('e.identityId = :identity', { identity });
    if (token !== undefined) rows.andWhere('e.tokenId = :token', { token });
    if (from !== undefined) rows.andWhere('e.createdAt >= :from', { from: new Date(from) });
    if (to !== undefined) rows.andWhere('e.createdAt < :to', { to: new Date(to) });
    const after = cursor === undefined ? null : parseCursor(cursor);
    if (after) rows.andWhere('(e.createdAt, e.id) < (:createdAt, :id)', { ...after });
    return rows;
  }
}
