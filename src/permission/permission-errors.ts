import type { PermissionRule } from '../database/entities/role.entity.js';
import { AppError, type ErrorName } from '../common/errors/app-error.js';

/** The caller's roles do not allow it. */
export class PermissionDeniedError extends AppError {
  override readonly name: ErrorName = 'PermissionDenied';

  constructor(action: string, subject: string, rules: PermissionRule[]) {
    super(`You are not allowed to ${action} on ${subject}`, { details: rules });
  }
}

/** The target can do what the caller cannot. */
export class PermissionBoundaryError extends AppError {
  override readonly name: ErrorName = 'PermissionBoundaryError';

  constructor(missingPermissions: PermissionRule[]) {
    super('The identity has permissions that you do not have', { details: { missingPermissions } });
  }
}
