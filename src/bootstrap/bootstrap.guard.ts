import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { NotFoundError, UnauthorizedError } from '../common/errors/app-error.js';
import { bearerTokenOf } from '../common/http/bearer-token.js';
import { FailedCredentials } from '../access-token/rate-limit/failed-credentials.service.js';
import { AppConfig } from '../config/app-config.js';

/** Where bootstrap is off, its route is unknown; where a bootstrap token is set, it is asked for. A wrong one counts against its address. */
@Injectable()
export class BootstrapGuard implements CanActivate {
  constructor(
    private readonly config: AppConfig,
    private readonly failures: FailedCredentials,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.config.bootstrapEnabled) throw new NotFoundError('There is no such route');
    const expected = this.config.BOOTSTRAP_TOKEN;
    if (expected === undefined) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const given = bearerTokenOf(request.headers);
    if (given === null) throw new UnauthorizedError('The bootstrap token is missing');
    return this.failures.judge(request.context, async () => {
      if (isSame(given, expected)) return true;
      throw new UnauthorizedError('The bootstrap token is wrong');
    });
  }
}

/** Compares in constant time; digests make the lengths alike. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
