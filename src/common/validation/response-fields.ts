import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

/** How a field of an answer is published. Answers are built by us and need no validation. */
type Extra = Omit<ApiPropertyOptions, 'type'>;

const field =
  (schema: object) =>
  (extra: Extra = {}) =>
    applyDecorators(ApiProperty({ ...schema, ...extra } as ApiPropertyOptions));

export const Uuid = field({ type: 'string', format: 'uuid' });
export const Text = field({ type: 'string' });
export const Flag = field({ type: 'boolean' });
export const Integer = field({ type: 'integer' });
export const Count = field({ type: 'number' });
export const Time = field({ type: 'string', format: 'date-time' });
