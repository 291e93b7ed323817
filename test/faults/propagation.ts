interface Sample {
  milliseconds: number;
  isDisturbed: boolean;
}

/** How long after the acknowledgement of a revoke another replica has first refused the token. */
export class Propagation {
  /** Whether something is wrong anywhere; told by whoever disturbs. */
  isDisturbed = false;
  private readonly samples: Sample[] = [];

  /** A refusal that came before the acknowledgement, since the replica read first, counts as 0. */
  refused(milliseconds: number, wasDisturbed: boolean): void {
    this.samples.push({ milliseconds: Math.max(0, milliseconds), isDisturbed: wasDisturbed || this.isDisturbed });
  }

  count({ isDisturbed }: { isDisturbed: boolean }): number {
    return this.samples.filter((sample) => sample.isDisturbed === isDisturbed).length;
  }

  percentiles({ isDisturbed }: { isDisturbed: boolean }): string {
    const sorted = this.samples
      .filter((sample) => sample.isDisturbed === isDisturbed)
      .map(({ milliseconds }) => milliseconds)
      .toSorted((one, other) => one - other);
    if (sorted.length === 0) return 'not seen';
    const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(0);
    return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (${sorted.length} refusals)`;
  }
}
