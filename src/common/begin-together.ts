let waiting: (() => void)[] = [];

/**
 * Begins work of other threads once all that goes on at this moment has asked for its own. To wake a thread for each,
 * while others still prepare theirs, takes a third of the time of a verification; one that is awake takes the next by
 * itself. What is begun must not throw.
 */
export function beginTogether(begin: () => void): void {
  if (waiting.length === 0) process.nextTick(beginAll);
  waiting.push(begin);
}

function beginAll(): void {
  const all = waiting;
  waiting = [];
  for (const begin of all) begin();
}
