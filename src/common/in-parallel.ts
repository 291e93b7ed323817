/** Does the work for every item, at most so many at once; the results stand in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = queueOf(items);
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** A generator ends for all who read it when one of them fails: what is left is not begun. */
function* queueOf<T>(items: readonly T[]): Generator<[number, T]> {
  yield* items.entries();
}
