import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RequestContext } from '../common/http/request-context.js';
import { newId } from '../common/random-id.js';
import type { AuditEvent } from '../database/entities/audit-event.entity.js';
import { snake } from '../database/naming.js';
import { type Prepared, runPrepared } from '../database/prepared.js';
import type { AuditEventName } from './audit-event-names.js';
import { auditText } from './audit-text.js';
import type { Changes } from './changes.js';

/** Who acts: a caller by its token, or, without ids, the operator by command line. */
export interface AuditActor {
  identityId: string | null;
  tokenId: string | null;
  organizationId: string | null;
  request: RequestContext;
}

/** Describes an event. Must hold no secret. */
export interface AuditDetails extends Record<string, string | number | boolean | null | Changes | undefined> {
  /** Old and new values of the changed fields. */
  changes?: Changes | null;
}

/** What is acted on. */
export interface AuditTarget {
  identityId?: string;
  tokenId?: string;
  details?: AuditDetails;
}

/** A token that was changed, with the organization that it is scoped to. */
export interface ChangedToken {
  identityId: string;
  tokenId: string;
  organizationId: string;
  /** Absent if the event says what changed. */
  changes?: Changes;
}

/** Builds the row of an event; whoever writes it does so in the transaction of the change. */
export function auditRow(actor: AuditActor, event: AuditEventName, target: AuditTarget): AuditEvent {
  const { request } = actor;
  return {
    id: newId(),
    event,
    outcome: 'success',
    organizationId: actor.organizationId,
    actorIdentityId: actor.identityId,
    actorTokenId: actor.tokenId,
    identityId: target.identityId ?? null,
    tokenId: target.tokenId ?? null,
    details: target.details ?? {},
    ipAddress: request.address,
    userAgent: auditText(request.userAgent),
    reqId: request.reqId,
    createdAt: request.now,
  };
}

const FIELDS = Object.keys({
  id: true,
  event: true,
  outcome: true,
  organizationId: true,
  actorIdentityId: true,
  actorTokenId: true,
  identityId: true,
  tokenId: true,
  details: true,
  ipAddress: true,
  userAgent: true,
  reqId: true,
  createdAt: true,
} satisfies Record<keyof AuditEvent, true>) as (keyof AuditEvent)[];

const WRITE: Prepared = {
  name: 'write_audit_event',
  text: `INSERT INTO audit_event (${FIELDS.map(snake).join(', ')})
    VALUES (${FIELDS.map((_, index) => `$${index + 1}`).join(', ')})`,
};

/** Writes the row of an event. */
export async function writeAuditRow(db: EntityManager, row: AuditEvent): Promise<void> {
  await runPrepared(
    db,
    WRITE,
    FIELDS.map((field) => row[field]),
  );
}

/** Writes who did what. An act whose row can't be written doesn't happen, for both share a transaction. */
@Injectable()
export class AuditEvents {
  async record(tx: EntityManager, actor: AuditActor, event: AuditEventName, target: AuditTarget): Promise<void> {
    await writeAuditRow(tx, auditRow(actor, event, target));
  }

  /**
   * Records the change of a token. If the token is scoped to another organization than the caller, that organization
   * gets a row too. That row names the calling identity and its organization, but neither its token nor its client.
   */
  async recordTokenChange(
    tx: EntityManager,
    actor: AuditActor,
    event: AuditEventName,
    { organizationId, changes, ...target }: ChangedToken,
  ): Promise<void> {
    if (organizationId === actor.organizationId) {
      return this.record(tx, actor, event, { ...target, details: { changes } });
    }
    await this.record(tx, actor, event, { ...target, details: { scope: organizationId, changes } });
    const request = { ...actor.request, address: null, userAgent: null };
    const details = { actorOrganizationId: actor.organizationId, changes };
    await this.record(tx, { ...actor, tokenId: null, organizationId, request }, event, { ...target, details });
  }
}
