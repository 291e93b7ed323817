import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Matches } from 'class-validator';
import { Certain } from './certain.js';
import { TextField } from './fields.js';

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Words of a-z and 0-9, joined by single hyphens. */
export const MatchesSlug = (): PropertyDecorator =>
  Matches(SLUG, { message: '$property must be words of a-z and 0-9, joined by single hyphens' });

interface SlugOptions {
  description: string;
  example?: string;
}

/** A slug: trimmed and lower-cased, then words of a-z and 0-9 joined by single hyphens. May be absent. */
export function SlugField({ description, example }: SlugOptions): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim().toLowerCase() : value)),
    Certain(
      (value) => value === undefined,
      TextField({
        minLength: 1,
        maxLength: 64,
        description: `${description}. Trimmed and lower-cased, then words of a-z and 0-9 joined by single hyphens.`,
        example,
      }),
      MatchesSlug(),
    ),
  );
}
