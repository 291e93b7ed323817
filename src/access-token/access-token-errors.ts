import { UnauthorizedError } from '../common/errors/app-error.js';

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
  | 'used-up';

/** What a bearer is told. One text for everything that speaks against the token itself: it says nothing of why. */
const PUBLIC_TEXT: Partial<Record<DenialReason, string>> = {
  missing: 'An access token is required',
  expired: 'The access token has expired',
  unknown: 'The access token has been revoked',
  revoked: 'The access token has been revoked',
  'not-a-member': 'The identity of the access token is no longer an active member of its organization',
  'used-up': 'The access token has no uses left',
};

/** A token that is not, or no longer, good. */
export class AccessTokenRefusedError extends UnauthorizedError {
  constructor(
    readonly reason: DenialReason,
    options?: ErrorOptions,
  ) {
    super(PUBLIC_TEXT[reason] ?? 'The access token is not valid', options);
  }
}
