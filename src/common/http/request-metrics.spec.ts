import type { FastifyReply, FastifyRequest } from 'fastify';
import { Metrics, Tally } from '../metrics.js';
import { RequestMetrics } from './request-metrics.js';

describe('RequestMetrics', () => {
  it('keeps one number for all that nobody serves, by the status', () => {
    const metrics = new Metrics();
    const asked: object[] = [];
    jest.spyOn(metrics, 'tallies').mockReturnValue((labels) => {
      asked.push(labels);
      return new Tally();
    });
    const requests = new RequestMetrics(metrics);
    for (const method of ['GET', 'BREW', 'PURGE']) {
      for (const statusCode of [404, 429, 404]) {
        requests.note({ method } as FastifyRequest, { statusCode, elapsedTime: 1 } as FastifyReply, undefined);
      }
    }
    expect(asked).toEqual([
      { route: 'none', method: 'any', status: '404' },
      { route: 'none', method: 'any', status: '429' },
    ]);
  });
});
