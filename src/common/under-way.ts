/** Lets all who want the same while it is under way share it: whoever comes later begins it anew. */
export class UnderWay<T> {
  private readonly works = new Map<string, Promise<T>>();

  /** Fails for all who share it when it does. What is begun fails by its promise alone. */
  share(key: string, begin: () => Promise<T>): Promise<T> {
    const known = this.works.get(key);
    if (known) return known;
    const work = this.see(key, begin);
    this.works.set(key, work);
    return work;
  }

  private async see(key: string, begin: () => Promise<T>): Promise<T> {
    const work = begin();
    try {
      return await work;
    } finally {
      this.works.delete(key);
    }
  }
}
