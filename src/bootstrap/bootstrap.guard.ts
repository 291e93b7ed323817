import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { NotFoundError, UnauthorizedError } from '../common/errors/app-error.js';
import { AppConfig } from '../config/app-config.js';

/** Where bootstrap is off, its route is unknown; where a bootstrap token is set, it is asked for. */
@Injectable()
export class BootstrapGuard implements CanActivate {
  constructor(private readonly config: AppConfig) {}

  canActivate(context: ExecutionContext): boolean {
    if (!this.config.bootstrapEnabled) throw new NotFoundError('There is no such route');
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const expected = this.config.BOOTSTRAP_TOKEN;
    if (expected === undefined || isSame(authorization, `Bearer ${expected}`)) return true;
    throw new UnauthorizedError('The bootstrap token is missing or wrong');
  }
}

/** Compares in constant time; digests make the lengths alike. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
