import { type ArgumentsHost, Catch, type ExceptionFilter, NotFoundException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { frameworkError } from '../common/errors/framework-errors.js';

/** Says that there is no such route, without what was asked for: the framework would repeat it. */
@Catch(NotFoundException)
export class NoSuchRouteFilter implements ExceptionFilter<NotFoundException> {
  catch(error: NotFoundException, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().status(404).send(frameworkError(404, error));
  }
}
