/** No worker can start. It has said why; the whole ends as it did. */
export class WorkerStartError extends Error {
  constructor(
    worker: number,
    readonly exitCode: number,
  ) {
    super(`Worker ${worker} ended before it had started`);
  }
}
