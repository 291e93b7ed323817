import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { AuditLogListResponseDto, ListAuditLogsQueryDto } from './audit-log.dto.js';
import { AuditLogService } from './audit-log.service.js';

@ApiTags('Audit Logs')
@ApiErrors()
@Controller('v1/audit-logs')
export class AuditLogController {
  constructor(private readonly auditLogs: AuditLogService) {}

  /**
   * List the events of the audit log
   * @remarks Newest first, only those of the caller's organization. Send `nextCursor` back as `cursor` for the next page; it is null on the last one.
   */
  @Get()
  @RequirePermission({ subject: 'audit-logs', action: 'read' })
  listAuditLogs(@CurrentActor() actor: Actor, @Query() query: ListAuditLogsQueryDto): Promise<AuditLogListResponseDto> {
    return this.auditLogs.list(actor, query);
  }
}
