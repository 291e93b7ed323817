import { leastRecent } from '../common/least-recent.js';
import type { RevocationReader } from '../revocation/revocation-reader.service.js';
import { namesOfStanding } from '../revocation/scope.js';
import type { Standing } from './compact-state.js';
import type { FoundToken } from './token-read.js';

/** So many are known at a time. */
const MOST = 10_000;

/** What tokens of one identity in one organization rest on beside their own rows, if one key signed their texts. */
export interface KnownStanding {
  standing: Standing;
  /** Of the scopes that they lie in; a token of a lower one is revoked. */
  highestEpoch: number;
  /** The position in the revocation log up to which it is known to hold. */
  position: number;
}

/** Where a token lies by its claims, which are proven. */
export interface StandingPlace {
  identityId: string;
  organizationId: string;
  kid: string;
}

/**
 * Standings that were found good, for tokens that have yet to be asked about: of those, only their own rows are. As with
 * states, nothing is removed for being revoked; a standing counts while the revocation log has named nothing of it.
 */
export class KnownStandings {
  private readonly known = leastRecent<KnownStanding>(MOST);

  constructor(private readonly reader: RevocationReader) {}

  /** What is known of the place. Whether it still holds is asked once it is put to use. */
  recall(place: StandingPlace): KnownStanding | null {
    return this.known.get(keyOf(place)) ?? null;
  }

  /**
   * Whether it still holds, up to now. What does is known to hold from here on: names that were noted before may then
   * be forgotten.
   */
  holds(known: KnownStanding, kid: string): boolean {
    const { standing, position } = known;
    if (!this.reader.holds(position, standing.timeline, () => namesOfStanding(standing, kid))) return false;
    known.position = this.reader.position;
    return true;
  }

  /** Takes in what was found with a token. What may get better is not kept: it has to be asked again anyhow. */
  note({ state: { standing, isRevoked, position }, highestEpoch }: FoundToken, kid: string): void {
    if (isRevoked || !standing.isMember) return;
    this.known.set(keyOf({ ...standing, kid }), { standing, highestEpoch, position });
  }
}

const keyOf = ({ identityId, organizationId, kid }: StandingPlace): string => `${identityId}${organizationId}${kid}`;
