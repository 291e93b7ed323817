import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ValidationError } from '../common/errors/app-error.js';

const PRINTABLE = /^[\x20-\x7e]{1,64}$/;

/** The request's `Idempotency-Key`, if it has one. */
export const IdempotencyKeyHeader = createParamDecorator((_data: undefined, context: ExecutionContext) => {
  const key = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && PRINTABLE.test(key))) return key;
  const message = 'Idempotency-Key must have 1 to 64 printable ASCII characters';
  throw new ValidationError([{ code: 'matches', path: ['Idempotency-Key'], message }]);
});
