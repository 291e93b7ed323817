import type { RequestContext } from '../common/http/request-context.js';
import { isAllowed } from '../common/http/trusted-ip.js';
import { AccessTokenRefusedError, AddressNotAllowedError, type DenialReason } from './access-token-errors.js';
import type { ProvenToken } from './proven-token.js';
import type { TokenState } from './compact-state.js';

type Claims = ProvenToken['claims'];

/** What speaks against a token. */
export type Refusal = AccessTokenRefusedError | AddressNotAllowedError;

/** What is asked of a request to judge the token that it carries. */
type Asked = Pick<RequestContext, 'address' | 'now'>;

/** Whether the request has spent its use of the token: then the count has it, and may be at the limit by it. */
interface Use {
  isSpent: boolean;
}

/** What speaks against a proven token by its state, or null: the steps after the proof, in the order of the contract. */
export function refusalOf(claims: Claims, state: TokenState, request: Asked, use: Use): Refusal | null {
  if (!matches(claims, state)) return new AccessTokenRefusedError('bad-claims');
  // A count that is at its limit never goes down; the statement that spends decides, this only saves asking it.
  return refusalByState(state, request) ?? (hasUse(state, use) ? null : new AccessTokenRefusedError('used-up'));
}

/** What speaks against a token that was let in before, whose use is spent; null if nothing does. */
export function refusalByState(state: TokenState, { address, now }: Asked): Refusal | null {
  const reason = reasonOf(state, now);
  if (reason) return new AccessTokenRefusedError(reason);
  return isAllowed(state.trustedIps ?? [], address) ? null : new AddressNotAllowedError(address, state);
}

/** The state, unless it refuses a caller that was let in before. */
export function judged<S extends TokenState>(state: S | null, request: Asked): S {
  if (!state) throw new AccessTokenRefusedError('unknown');
  const refusal = refusalByState(state, request);
  if (refusal) throw refusal;
  return state;
}

function reasonOf(state: TokenState, now: Date): DenialReason | null {
  if (state.isRevoked) return 'revoked';
  if (state.expiresAt <= now) return 'expired';
  return state.isMember ? null : 'not-a-member';
}

/** Claims are copies: where they differ from the row, the row is right and the token is not. */
export const matches = (claims: Claims, state: TokenState): boolean =>
  claims.sub === state.identityId && claims.orgId === state.organizationId && claims.jti === state.tokenId;

export const hasUsesLeft = ({ numUses, numUsesLimit }: Pick<TokenState, 'numUses' | 'numUsesLimit'>): boolean =>
  numUsesLimit === 0 || numUses < numUsesLimit;

const hasUse = (state: TokenState, { isSpent }: Use): boolean => isSpent || hasUsesLeft(state);

/** Whether a refusal by this state needn't be the last word: what is revoked or used up stays so. */
export const mayGetBetter = (state: TokenState, use: Use): boolean => !state.isRevoked && hasUse(state, use);
