import type { Cluster } from './cluster.js';
import { Deeds } from './deeds.js';
import { form } from './form.js';
import { Load } from './load.js';
import { type Credential, Oracle } from './oracle.js';
import { report } from './report.js';
import { until } from './until.js';

/** A cluster under load, with an oracle that watches; and how it is brought to its end. */
export class Trial {
  readonly oracle = new Oracle();
  readonly deeds: Deeds;
  readonly load: Load;

  constructor(
    readonly title: string,
    readonly cluster: Cluster,
  ) {
    this.deeds = new Deeds(cluster, this.oracle);
    this.load = new Load(cluster, this.deeds, this.oracle);
  }

  async open(): Promise<void> {
    await this.cluster.open();
    this.load.start();
  }

  async close(): Promise<void> {
    this.load.abandon();
    await this.cluster.close();
  }

  /** Does something bad to the cluster, and waits until all is well again. */
  async disturb(fault: () => Promise<void>): Promise<void> {
    this.load.propagation.isDisturbed = true;
    await fault();
    await this.cluster.works();
    this.load.propagation.isDisturbed = false;
  }

  /** Lets the load go on until every count rests on enough, ends it, and looks for what was acknowledged. */
  async conclude(): Promise<void> {
    const { propagation } = this.load;
    const isEnough = (): boolean =>
      this.oracle.leastDecisions() >= form.floor && propagation.count({ isDisturbed: false }) >= form.undisturbed;
    // A count that stays too small is told by the test, with all the others.
    await until('every count rests on enough', isEnough, { seconds: form.patience }).catch(() => undefined);
    await this.load.end();
    await this.lookForAcknowledged();
    process.stdout.write(report(this.title, form.floor, this));
  }

  private async lookForAcknowledged(): Promise<void> {
    const { minted, revokedAt } = this.oracle;
    const rows = await this.cluster.query<{ id: string; name: string; isRevoked: boolean }>(
      'SELECT id, name, revoked_at IS NOT NULL AS "isRevoked" FROM access_token',
    );
    const found = new Map(rows.map(({ id, isRevoked }) => [id, isRevoked]));
    const refused = new Set(await this.refusedOf(this.load.living));
    this.oracle.kept('mintsLost', minted, (id) => found.has(id) && !refused.has(id));
    this.oracle.kept('revokesLost', revokedAt.keys(), (id) => found.get(id) === true);
    const names = new Set(rows.map(({ name }) => name));
    for (const name of this.deeds.forbiddenNames.filter((each) => names.has(each))) this.oracle.foundDone(name);
  }

  /** Those of the tokens that a replica refuses. It may need to be asked again where it can't know. */
  private async refusedOf(credentials: readonly Credential[]): Promise<string[]> {
    const refused: string[] = [];
    const judge = async (credential: Credential): Promise<boolean> => {
      const [replica] = this.cluster.except();
      const { verdict } = await this.deeds.verify(replica, credential);
      if (verdict === 'refused') refused.push(credential.tokenId);
      return verdict !== 'unknown';
    };
    await Promise.all(credentials.map((each) => until('a replica judges a good token', () => judge(each))));
    return refused;
  }
}
