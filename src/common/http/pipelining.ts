import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../metrics.js';

/** Maximum of requests of one connection that are in flight at the same time. */
const MAX_IN_FLIGHT = 16;

/** Maximum of requests of one connection that wait. Node stops reading when the responses to further ones pile up. */
const MAX_QUEUED = 1000;

interface Pipeline {
  inFlight: number;
  /** Callbacks that start the queued requests, the oldest first. */
  queue: (() => void)[];
}

/**
 * Returns true if the responses to earlier requests of the connection have not been sent yet: Node gives the socket to
 * a response when its turn has come.
 */
export const isPipelined = ({ raw }: FastifyReply): boolean => raw.socket === null;

/**
 * Limits the requests of one connection that are in flight. Node parses all requests that a client pipelines and starts
 * them at once; only the responses wait for one another.
 */
export class PipelineLimiter {
  private readonly pipelines = new WeakMap<Socket, Pipeline>();
  private readonly rejected;

  constructor(metrics: Metrics) {
    this.rejected = metrics.counter('pipelined_rejections_total', 'Pipelined requests beyond what one connection may');
  }

  /** Calls `start` when a pipelined request may be served. Returns false if too many requests wait already. */
  admit({ raw: { socket } }: FastifyRequest, { raw: response }: FastifyReply, start: () => void): boolean {
    // The first request of the connection that is in flight is not pipelined.
    const pipeline = this.pipelines.get(socket) ?? { inFlight: 1, queue: [] };
    this.pipelines.set(socket, pipeline);
    const begin = (): void => {
      response.once('close', () => release(socket, pipeline));
      start();
    };
    if (pipeline.inFlight < MAX_IN_FLIGHT) {
      pipeline.inFlight += 1;
      begin();
      return true;
    }
    if (pipeline.queue.length >= MAX_QUEUED) {
      this.rejected.inc();
      return false;
    }
    pipeline.queue.push(begin);
    return true;
  }
}

/** Passes the slot on to the oldest queued request. */
function release({ destroyed }: Socket, pipeline: Pipeline): void {
  const startNext = destroyed ? undefined : pipeline.queue.shift();
  if (startNext) startNext();
  else pipeline.inFlight -= 1;
}
