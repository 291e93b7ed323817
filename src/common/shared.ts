import { leastRecent } from './least-recent.js';

/** So many are known at a time; what is made anew beyond that is only shared by fewer. */
const MOST = 5000;

/** Makes one object for all who would each have one that says the same. It must never change. */
export class Shared<T extends object> {
  private readonly made = leastRecent<T>(MOST);

  /** `key` tells all that the object says. */
  of(key: string, make: () => T): T {
    let one = this.made.get(key);
    if (!one) {
      one = make();
      this.made.set(key, one);
    }
    return one;
  }
}

/** One text for a list of texts and nulls, another for every other list. */
export function keyOf(texts: readonly (string | null)[]): string {
  let key = '';
  for (const text of texts) key += text === null ? '-' : `${text.length}:${text}`;
  return key;
}
