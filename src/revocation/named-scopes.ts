/**
 * When the revocation log last named what: the one rule by which anything kept in memory is believed or not.
 *
 * Whoever asks the database notes the position before the question is sent, and may believe the answer, then and as
 * long as it is kept, only while nothing that it rests on was named since. What was named so long ago that it was
 * forgotten counts as named: what can't be told is not believed.
 */
export class NamedScopes {
  private readonly positions = new Map<string, number>();
  private latest = 0;
  /** What was noted before this position can no longer be judged. */
  private floor = 0;

  constructor(private readonly capacity: number) {}

  /** The position now; it grows with everything that is named. */
  get position(): number {
    return this.latest;
  }

  /** Takes in what entries of the log name. Once more, late or in another order makes no difference. */
  name(names: Iterable<string>): void {
    this.latest += 1;
    for (const name of names) {
      this.positions.delete(name);
      this.positions.set(name, this.latest);
    }
    while (this.positions.size > this.capacity) this.forgetOldest();
  }

  /** Nothing that was noted before now is to be believed any more. */
  nameAll(): void {
    this.latest += 1;
    this.floor = this.latest;
    this.positions.clear();
  }

  /** Whether any of the names came up after the position, or whether that can't be told. */
  isNamedSince(position: number, names: readonly string[]): boolean {
    if (position < this.floor) return true;
    if (position === this.latest) return false;
    return names.some((name) => (this.positions.get(name) ?? 0) > position);
  }

  private forgetOldest(): void {
    const [[name, position]] = this.positions as unknown as [[string, number]];
    this.positions.delete(name);
    this.floor = Math.max(this.floor, position);
  }
}
