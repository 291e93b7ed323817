/** What one entry of the revocation log can end. All but `token` are wide: they end tokens without naming them. */
export const SCOPES = [
  'token',
  'instance',
  'organization',
  'identity',
  'identity-method',
  'identity-organization',
  'key',
] as const;

export type RevocationScope = (typeof SCOPES)[number];

/** One thing that a token stands and falls with. */
export interface ScopeKey {
  scope: RevocationScope;
  key: string;
}

/** Scopes of which an entry can end tokens of one identity in several organizations. */
export const IDENTITY_SCOPES: readonly RevocationScope[] = ['identity', 'identity-method'];

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

/** The tokens with which an identity works in one organization. */
export const membershipScope = (identityId: string, organizationId: string): ScopeKey => ({
  scope: 'identity-organization',
  key: `${identityId}:${organizationId}`,
});

/**
 * What an entry names, for those who keep things in memory: the token, identity, organization or key that stands first
 * in its key. What concerns a part of an identity names the identity: somebody asks once too often, nobody too seldom.
 */
export const nameOf = ({ key }: Pick<ScopeKey, 'key'>): string => key.split(':', 1)[0] ?? key;

/** What the names of scopes are told by, beside the key. */
type NamedPlace = Omit<TokenPlace, 'authMethod' | 'kid'>;

/** All names that every verdict on tokens of one identity in one organization rests on. */
export const namesOfStanding = (place: NamedPlace, kid: string): string[] => [
  place.identityId,
  place.organizationId,
  place.rootOrganizationId,
  kid,
  WHOLE_INSTANCE.key,
];

/** All names that a verdict on a token rests on. */
export const namesOf = (place: NamedPlace & { tokenId: string }, kid: string): string[] => [
  place.tokenId,
  ...namesOfStanding(place, kid),
];

/**
 * SQL that finds the highest epoch among all wide scopes that a token lies in, or null: a revocation of any one of them
 * ends it. The place is given in columns or parameters. No key is that of two scopes, for ids are of one thing alone, so
 * the keys suffice.
 */
export const highestEpochSql = (place: Record<keyof TokenPlace, string>): string => `(
  SELECT max(sequence) FROM epoch WHERE key = ANY (ARRAY[
    '*',
    ${place.rootOrganizationId}::text,
    ${place.organizationId}::text,
    ${place.identityId}::text,
    ${place.identityId}::text || ':' || ${place.authMethod},
    ${place.identityId}::text || ':' || ${place.organizationId}::text,
    ${place.kid}
  ])
)`;

/** SQL for that highest epoch of a token `t` with its organization `o`; `kid` is the key of its text, by default the row's. */
export const highestEpochOfTokenSql = (kid = 't.kid'): string =>
  highestEpochSql({
    identityId: 't.identity_id',
    authMethod: 't.auth_method',
    organizationId: 't.organization_id',
    rootOrganizationId: 'o.root_id',
    kid,
  });
