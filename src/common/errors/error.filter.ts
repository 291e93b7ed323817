import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { answerError } from './answer-error.js';

/** Answers whatever comes out of Nest's pipeline. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerError(this.log, error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
