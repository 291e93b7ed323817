import { KeyOperations } from '../../src/access-token/signing-key/key-operations.service.js';
import { KeyUpkeep } from '../../src/access-token/signing-key/key-upkeep.service.js';
import { serviceContext } from '../../src/access-token/service-context.js';
import { SigningKeys } from '../../src/access-token/signing-key/signing-keys.service.js';
import type { SigningKey } from '../../src/database/entities/signing-key.entity.js';
import type { TestApp } from './test-app.js';

/** The signing keys as an operator sees and changes them on one replica. */
export class KeysOf {
  constructor(private readonly app: TestApp) {}

  get operations(): KeyOperations {
    return this.app.nest.get(KeyOperations);
  }

  get loaded(): SigningKeys {
    return this.app.nest.get(SigningKeys);
  }

  /** What the replica's timer does. */
  upkeep = (): Promise<void> => this.app.nest.get(KeyUpkeep).upkeep();

  /** Another key signs from now on; gives its name. */
  async rotate(algorithm?: 'ES256' | 'RS256'): Promise<string> {
    const { next } = await this.operations.rotate({ algorithm, isNow: true }, this.context);
    return next.kid;
  }

  /** A key that is to sign next; gives its name. */
  async makeNext(): Promise<string> {
    const { next } = await this.operations.rotate({ isNow: false }, this.context);
    return next.kid;
  }

  revoke = (kid: string, options = {}) => this.operations.revoke(kid, this.context, options);
  retire = (kid: string) => this.operations.retire(kid, this.context);
  reseal = () => this.operations.reseal(this.context);

  /** The keys in a state, as they are stored, oldest first. */
  async in(state: string): Promise<SigningKey[]> {
    return (await this.operations.list()).filter((key) => key.state === state);
  }

  /** The name of the one key in a state. */
  async kid(state: string): Promise<string> {
    const [key, ...more] = await this.in(state);
    if (!key || more.length > 0) throw new Error(`There is not one key that is ${state}`);
    return key.kid;
  }

  /** The names in the key set that the replica publishes. */
  async published(): Promise<string[]> {
    const { body } = await this.app.http.get('/.well-known/jwks.json');
    return (body.keys as { kid: string }[]).map(({ kid }) => kid);
  }

  /** Resolves once so many wait for the table of the keys; gives since when the first does. */
  async someoneWaits({ count = 1, otherThan = '' } = {}): Promise<string> {
    for (;;) {
      const waiting: { since: string | null }[] = await this.app.db.query(
        `SELECT waitstart::text AS since FROM pg_locks WHERE NOT granted AND relation = 'signing_key'::regclass
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY waitstart`,
      );
      const since = waiting[0]?.since ?? otherThan;
      if (waiting.length >= count && since !== otherThan) return since;
    }
  }

  private get context() {
    return serviceContext(this.app.clock.now());
  }
}
