import { Reflector } from '@nestjs/core';
import type { Action, Subject } from './catalog.js';

export interface RequiredPermission {
  subject: Subject;
  action: Action;
}

/**
 * Says in the documentation what a route needs. The check itself is a call in the use case, after the object is found,
 * so that an unknown object is a 404 to everybody.
 */
export const RequirePermission = Reflector.createDecorator<RequiredPermission>();
