/** Lets all who want the same while it is under way share it: whoever comes later begins it anew. */
export class UnderWay<T> {
  private readonly works = new Map<string, Promise<T>>();

  /** Fails for all who share it when it does. */
  share(key: string, begin: () => Promise<T>): Promise<T> {
    const known = this.works.get(key);
    if (known) return known;
    const work = begin();
    this.works.set(key, work);
    const end = (): void => void this.works.delete(key);
    // Before all who wait for it: whoever asks once it is known begins it anew.
    work.then(end, end);
    return work;
  }
}
