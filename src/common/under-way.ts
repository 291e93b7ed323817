/** Lets all who want the same while it is under way share it: whoever comes later begins it anew. */
export class UnderWay<T> {
  private readonly works = new Map<string, Promise<T>>();

  /** Fails for all who share it when it does. */
  async share(key: string, begin: () => Promise<T>): Promise<T> {
    let work = this.works.get(key);
    if (!work) {
      work = begin().finally(() => this.works.delete(key));
      this.works.set(key, work);
    }
    return work;
  }
}
