import type { PermissionRule } from '../database/entities/role.entity.js';

/** Every subject and what can be done to it. A permission is one pair of them. */
export const ACTIONS = {
  identity: [
    'read',
    'create',
    'edit',
    'delete',
    'grant-privileges',
    'edit-auth',
    'revoke-auth',
    'create-token',
    'get-token',
    'delete-token',
  ],
  'sub-organization': ['create', 'edit', 'delete', 'direct-access', 'grant-privileges'],
  role: ['read', 'create', 'edit', 'delete'],
  'audit-logs': ['read'],
  'access-token': ['introspect', 'follow-revocations'],
} as const;

export type Subject = keyof typeof ACTIONS;
export type Action<S extends Subject = Subject> = (typeof ACTIONS)[S][number];

const rule = <S extends Subject>(subject: S, ...action: Action<S>[]): PermissionRule => ({ subject, action });

/** The roles that every organization has. */
export const BUILT_IN_ROLES: Readonly<Record<string, readonly PermissionRule[]>> = {
  admin: Object.entries(ACTIONS).map(([subject, action]) => ({ subject, action: [...action] })),
  member: [rule('identity', 'read', 'get-token'), rule('role', 'read')],
  verifier: [rule('access-token', 'introspect', 'follow-revocations')],
  'no-access': [],
};

/** The built-in role that gives nothing: what an identity has unless it is given more. */
export const NO_ACCESS = 'no-access';

/** What stands in a membership's role when the role is one of the organization's own. */
export const CUSTOM_ROLE = 'custom';
