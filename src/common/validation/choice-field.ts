import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Optional } from './fields.js';

interface ChoiceOptions {
  /** Published as the default; the value itself is given by the use case. */
  default?: string;
  description: string;
}

/** One of a few words. May be absent. */
export const ChoiceField = (words: readonly string[], options: ChoiceOptions): PropertyDecorator =>
  applyDecorators(
    Optional(),
    IsIn(words, { message: `$property must be one of: ${words.join(', ')}` }),
    ApiProperty({ type: 'string', enum: [...words], required: false, ...options }),
  );
