/** What one entry of the revocation log can end. All but `token` are wide: they end tokens without naming them. */
export type RevocationScope =
  'token' | 'instance' | 'organization' | 'identity' | 'identity-method' | 'identity-organization' | 'key';

/** One thing that a token stands and falls with. */
export interface ScopeKey {
  scope: RevocationScope;
  key: string;
}

/** What places a token among the scopes. */
export interface TokenPlace {
  identityId: string;
  authMethod: string;
  organizationId: string;
  rootOrganizationId: string;
  kid: string;
}

/** The key of the instance's own scope, of which there is one. */
export const WHOLE_INSTANCE: ScopeKey = { scope: 'instance', key: '*' };

export const methodScope = (identityId: string, authMethod: string): ScopeKey => ({
  scope: 'identity-method',
  key: `${identityId}:${authMethod}`,
});

/** Every wide scope that a token lies in: a revocation of any one of them ends it. */
export function scopesOf({ identityId, authMethod, organizationId, rootOrganizationId, kid }: TokenPlace): ScopeKey[] {
  return [
    WHOLE_INSTANCE,
    { scope: 'organization', key: rootOrganizationId },
    { scope: 'organization', key: organizationId },
    { scope: 'identity', key: identityId },
    methodScope(identityId, authMethod),
    { scope: 'identity-organization', key: `${identityId}:${organizationId}` },
    { scope: 'key', key: kid },
  ];
}

/** The same list as SQL, over columns or parameters, for statements that judge a token from its row. */
export const scopesSql = (place: Record<keyof TokenPlace, string>): string => `(
  ('instance', '*'),
  ('organization', ${place.rootOrganizationId}::text),
  ('organization', ${place.organizationId}::text),
  ('identity', ${place.identityId}::text),
  ('identity-method', ${place.identityId}::text || ':' || ${place.authMethod}),
  ('identity-organization', ${place.identityId}::text || ':' || ${place.organizationId}::text),
  ('key', ${place.kid})
)`;
