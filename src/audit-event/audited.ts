import { Reflector } from '@nestjs/core';
import type { AuditEventName } from './audit-event-names.js';

/** Names the event of a route that changes something; a refusal is written under the same name. */
export const Audited = Reflector.createDecorator<AuditEventName>();
