import { ForbiddenError, UnauthorizedError } from '../common/errors/app-error.js';

/** Why a token was refused. For the log; the public text says no more than a bearer may know. */
export type DenialReason =
  | 'missing'
  | 'malformed'
  | 'unknown-key'
  | 'wrong-algorithm'
  | 'bad-signature'
  | 'bad-claims'
  | 'expired'
  | 'unknown'
  | 'revoked'
  | 'not-a-member'
  | 'address-not-allowed'
  | 'foreign'
  | 'not-permitted'
  | 'used-up'
  | 'outlived';

/** What a bearer is told. One text for everything that speaks against the token itself: it says nothing of why. */
const PUBLIC_TEXT: Partial<Record<DenialReason, string>> = {
  missing: 'An access token is required',
  expired: 'The access token has expired',
  unknown: 'The access token has been revoked',
  revoked: 'The access token has been revoked',
  'not-a-member': 'The identity of the access token is no longer an active member of its organization',
  'used-up': 'The access token has no uses left',
  outlived: 'The access token has reached its max TTL',
};

/** What may stand in a header of the answer: reasons that only the bearer of a text that we signed gets to see. */
const PUBLIC_REASON: Partial<Record<DenialReason, string>> = {
  expired: 'expired',
  unknown: 'revoked',
  revoked: 'revoked',
  'not-a-member': 'not-a-member',
  'used-up': 'used-up',
};

/** A token that is not, or no longer, good. */
export class AccessTokenRefusedError extends UnauthorizedError {
  constructor(
    readonly reason: DenialReason,
    options?: ErrorOptions,
  ) {
    super(PUBLIC_TEXT[reason] ?? 'The access token is not valid', options);
  }

  /** What a bearer is told by a header, if anything. */
  get publicReason(): string | undefined {
    return PUBLIC_REASON[this.reason];
  }
}

/** The token's owner, as far as a refused caller can be named. */
interface RefusedBearer {
  identityId: string;
  tokenId: string;
  organizationId: string;
}

/** The address is not on the allow-list of the identity. Says who it was, for the audit log. */
export class AddressNotAllowedError extends ForbiddenError {
  readonly reason: DenialReason = 'address-not-allowed';
  readonly bearer: RefusedBearer;

  constructor(address: string | null, { identityId, tokenId, organizationId }: RefusedBearer) {
    super(`The address ${address ?? '(unknown)'} is not on the allow-list of this identity`);
    this.bearer = { identityId, tokenId, organizationId };
  }
}
