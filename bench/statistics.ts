/** The value that a share of the others is not above; the values must be sorted. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export const sorted = (values: readonly number[]): number[] => values.toSorted((one, other) => one - other);

export function median(values: readonly number[]): number {
  const all = sorted(values);
  const middle = all.length >> 1;
  return all.length % 2 === 1 ? (all[middle] ?? Number.NaN) : ((all[middle - 1] ?? 0) + (all[middle] ?? 0)) / 2;
}
