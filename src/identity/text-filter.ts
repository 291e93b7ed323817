import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { Optional } from '../common/validation/fields.js';
import { isStorableText } from '../common/validation/unicode.js';

const MAX_LENGTH = 255;
const MAX_CHOICES = 100;

type Operator = '$eq' | '$contains' | '$in';

/** A text that a value has to be, or conditions that all have to hold. */
export type TextFilter = string | { $eq?: string; $contains?: string; $in?: string[] };

const TEXT = { type: 'string', maxLength: MAX_LENGTH } as const;
const SCHEMAS = {
  $eq: TEXT,
  $contains: TEXT,
  $in: { type: 'array', items: TEXT, maxItems: MAX_CHOICES },
} as const;

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= MAX_LENGTH && isStorableText(value);

const isCondition: Record<Operator, (value: unknown) => boolean> = {
  $eq: isText,
  $contains: isText,
  $in: (value) => Array.isArray(value) && value.length <= MAX_CHOICES && value.every(isText),
};

/** Operators that a field does not have are unknown keys, and dropped as such. */
function withKnown(value: unknown, operators: readonly Operator[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => (operators as readonly string[]).includes(key)));
}

function isTextFilter(value: unknown, operators: readonly Operator[]): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return isText(value);
  return operators.every((operator) => {
    const condition = Object.hasOwn(value, operator) ? (value as Record<string, unknown>)[operator] : undefined;
    return condition === undefined || isCondition[operator](condition);
  });
}

/** A filter over texts with some of the operators. May be absent. */
export const TextFilterField = (operators: readonly Operator[], description: string): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => withKnown(value, operators)),
    Optional(),
    ValidateBy({
      name: 'isTextFilter',
      validator: {
        validate: (value) => isTextFilter(value, operators),
        defaultMessage: () =>
          `$property must be a text of at most ${MAX_LENGTH} characters, or an object of ${operators.join(', ')} with such texts, in $in at most ${MAX_CHOICES}`,
      },
    }),
    ApiProperty({
      required: false,
      description,
      anyOf: [
        TEXT,
        {
          type: 'object',
          properties: Object.fromEntries(operators.map((operator) => [operator, SCHEMAS[operator]])),
          additionalProperties: false,
        },
      ],
    }),
  );
