import { keyOf, Shared } from '../common/shared.js';
import type { AccessTokenClaims } from './access-token-claims.js';
import type { CompactState } from './compact-state.js';

/** The claims that the texts of one identity for one organization have in common. */
type CommonClaims = Pick<AccessTokenClaims, 'iss' | 'aud' | 'sub' | 'orgId' | 'rootOrgId'>;

/** What is kept of the claims of a proven text: all that is asked of them. */
class KeptClaims implements Pick<AccessTokenClaims, keyof CommonClaims | 'client_id' | 'jti' | 'iat' | 'exp'> {
  constructor(
    private readonly common: CommonClaims,
    readonly jti: string,
    readonly iat: number,
    readonly exp: number,
  ) {}

  get iss() {
    return this.common.iss;
  }

  get aud() {
    return this.common.aud;
  }

  get sub() {
    return this.common.sub;
  }

  get client_id() {
    return this.common.sub;
  }

  get orgId() {
    return this.common.orgId;
  }

  get rootOrgId() {
    return this.common.rootOrgId;
  }
}

const commons = new Shared<CommonClaims>();

const commonOf = ({ iss, aud, sub, orgId, rootOrgId }: AccessTokenClaims): CommonClaims =>
  commons.of(keyOf([iss, aud, sub, orgId, rootOrgId]), () => ({ iss, aud, sub, orgId, rootOrgId }));

/** A token whose signature, issuer and audience are good. Whether it still holds is another question. */
export class ProvenToken {
  readonly claims: KeptClaims;
  /** What PostgreSQL said last of the token as this text's key signed it; whether that still holds has to be asked. */
  state: CompactState | null = null;
  /** The question to PostgreSQL that is under way. */
  asking: Promise<CompactState | null> | null = null;
  private wasWanted = false;

  constructor(
    readonly kid: string,
    claims: AccessTokenClaims,
  ) {
    this.claims = new KeptClaims(commonOf(claims), claims.jti, claims.iat, claims.exp);
  }

  /** Takes note that somebody came with it again. */
  want(): void {
    if (!this.wasWanted) this.wasWanted = true;
  }

  /** Whether somebody came with it since this was asked last. */
  isWantedStill(): boolean {
    const { wasWanted } = this;
    this.wasWanted = false;
    return wasWanted;
  }
}
