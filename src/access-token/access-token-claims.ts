import { isUuid } from '../common/uuid.js';

/** What kind of token this is, to the existing clients of this API. */
export const AUTH_TOKEN_TYPE = 'identityAccessToken';

/** The method that this service issues tokens by. */
export const TOKEN_AUTH = 'token-auth';

/** The claims of an access token: RFC 9068, and beside them those that the existing clients read. */
export interface AccessTokenClaims {
  iss: string;
  aud: string;
  /** The identity. */
  sub: string;
  client_id: string;
  /** The token's id. */
  jti: string;
  /** Seconds since 1970 (RFC 7519 NumericDate), as is `exp`. */
  iat: number;
  exp: number;
  identityId: string;
  identityAccessTokenId: string;
  authTokenType: string;
  authMethod: string;
  /** The organization that the token works in. */
  orgId: string;
  rootOrgId: string;
  parentOrgId: string | null;
  /** The highest epoch among the token's scopes at its mint. */
  epoch: number;
  /** Present when there is a limit. */
  numUsesLimit?: number;
  /** Present when nobody can judge the token without asking the service. */
  online?: true;
}

const TEXT_CLAIMS = ['iss', 'aud', 'sub', 'client_id', 'jti', 'authMethod', 'orgId', 'rootOrgId'] as const;
const NUMBER_CLAIMS = ['iat', 'exp', 'epoch'] as const;

/** Whether a signed payload has the claims of an access token, and its copies agree with one another. */
export function isAccessTokenClaims(payload: unknown): payload is AccessTokenClaims {
  if (typeof payload !== 'object' || payload === null) return false;
  const claims = payload as AccessTokenClaims;
  return (
    TEXT_CLAIMS.every((name) => typeof claims[name] === 'string') &&
    NUMBER_CLAIMS.every((name) => Number.isSafeInteger(claims[name])) &&
    claims.sub === claims.identityId &&
    claims.sub === claims.client_id &&
    isUuid(claims.jti) &&
    claims.jti === claims.identityAccessTokenId &&
    claims.authTokenType === AUTH_TOKEN_TYPE
  );
}
