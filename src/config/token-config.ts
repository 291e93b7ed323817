import { HTTP, isUrlOf, List, OptionalVariable, POSTGRES, UrlOf, WholeNumber } from './environment-fields.js';
import { parseKeyEncryptionKey } from './key-encryption-keys.js';

/** Settings of tokens, signing keys, revocation and retention. */
export abstract class TokenConfig {
  /**
   * `iss` of issued tokens. Required with `DATABASE_URL`.
   * @group Tokens
   * @default `http://localhost:8080` with the embedded database
   */
  @OptionalVariable()
  @UrlOf(HTTP)
  readonly ISSUER?: string;

  /**
   * `aud` of issued tokens.
   * @group Tokens
   * @default the issuer
   */
  @OptionalVariable()
  readonly AUDIENCE?: string;

  /**
   * Comma-separated issuers that are accepted in tokens but never issued.
   * @group Tokens
   */
  @List('URLs', (entry) => isUrlOf(HTTP, entry))
  readonly ISSUER_ALIASES: string[] = [];

  /**
   * Comma-separated keys of 32 random bytes in base64 or hexadecimal. The first encrypts the signing keys; all
   * can decrypt. Required with `DATABASE_URL`. `openssl rand -base64 32` makes one.
   * @group Signing keys
   * @default its own under `.data/` with the embedded database
   */
  @List('32-byte keys in base64 or hexadecimal, made at random', (entry) => parseKeyEncryptionKey(entry) !== null)
  readonly KEY_ENCRYPTION_KEYS: string[] = [];

  /**
   * Maximum lifetime of a token in seconds. Overrides longer configured lifetimes.
   * @group Tokens
   */
  @WholeNumber(1, 315_360_000)
  readonly ACCESS_TOKEN_MAX_AGE: number = 315_360_000;

  /**
   * Age in seconds at which the active signing key is replaced. 0: keys rotate by `token-auth keys rotate` only.
   * @group Signing keys
   */
  @WholeNumber(0, 315_360_000)
  readonly SIGNING_KEY_MAX_AGE: number = 7_776_000;

  /**
   * Seconds that verifiers may cache the key set. A new key is published longer than that before it signs.
   * @group Signing keys
   */
  @WholeNumber(1, 86_400)
  readonly JWKS_MAX_AGE: number = 300;

  /**
   * Milliseconds. A replica whose view of the revocation log is older rejects requests with 503.
   * @group Revocation
   */
  @WholeNumber(50, 60_000)
  readonly REVOCATION_MAX_STALENESS: number = 1000;

  /**
   * Number of verified tokens that a replica caches.
   * @group Revocation
   */
  @WholeNumber(1, 10_000_000)
  readonly VERDICT_CACHE_SIZE: number = 100_000;

  /**
   * Maximum number of open revocation streams of one identity in one organization on one replica.
   * @group Revocation
   */
  @WholeNumber(1, 100_000)
  readonly MAX_STREAMS_PER_IDENTITY: number = 20;

  /**
   * Maximum number of audit rows that the denied changes of one caller may write in a minute. One more row
   * counts the rest.
   * @group Records
   */
  @WholeNumber(1, 100_000)
  readonly AUDIT_REFUSALS_PER_MINUTE: number = 60;

  /**
   * Seconds that the record of a token stays readable after the token expired.
   * @group Records
   */
  @WholeNumber(0, 3_153_600_000)
  readonly TOKEN_RECORD_RETENTION: number = 7_776_000;

  /**
   * Seconds that a row of the audit log is kept.
   * @group Records
   */
  @WholeNumber(0, 3_153_600_000)
  readonly AUDIT_RETENTION: number = 34_560_000;

  /**
   * URL of the same database with a role that may delete from `revocation` and `audit_event`. Without it, the
   * service's own role deletes; if it may not, both tables are kept.
   * @group Records
   */
  @OptionalVariable()
  @UrlOf(POSTGRES)
  readonly RETENTION_DATABASE_URL?: string;
}
