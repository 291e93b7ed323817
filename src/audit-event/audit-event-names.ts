/** The closed list of events, named as the field's clients know them where there is a name. */
export const AUDIT_EVENTS = [
  'bootstrap-instance',
  'recover-instance',
  'create-identity',
  'update-identity',
  'delete-identity',
  'create-sub-organization',
  'update-sub-organization',
  'delete-sub-organization',
  'create-sub-organization-membership',
  'update-sub-organization-membership',
  'delete-sub-organization-membership',
  'create-org-role',
  'update-org-role',
  'delete-org-role',
  'add-identity-token-auth',
  'update-identity-token-auth',
  'revoke-identity-token-auth',
  'create-token-identity-token-auth',
  'update-token-identity-token-auth',
  'revoke-token-identity-token-auth',
  'renew-identity-access-token',
  'revoke-identity-access-token',
  'refusals-suppressed',
] as const;

export type AuditEventName = (typeof AUDIT_EVENTS)[number];
