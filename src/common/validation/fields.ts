import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsDefined,
  IsInt,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { Certain } from './certain.js';
import { isStorableText } from './unicode.js';

/** The class-transformer group that is on where values arrive as text: queries and forms. */
export const TEXT_SOURCE = 'text';

interface FieldOptions {
  /** Absent is an error. */
  required?: boolean;
  /** Published as the default; the value itself is given by the use case. */
  default?: unknown;
  description?: string;
  example?: unknown;
}

const integerFromText = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;

const booleanFromText = ({ value }: { value: unknown }): unknown =>
  value === 'true' ? true : value === 'false' ? false : value;

/** May be absent. Unlike `@IsOptional()`, `null` is no way to leave a value out. */
export const Optional = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

const presence = ({ required = false }: FieldOptions): PropertyDecorator =>
  required ? IsDefined({ message: '$property is required' }) : Optional();

/** Whether a value is left out where it may be. */
const isAbsent = (value: unknown, { required = false }: FieldOptions): boolean => value === undefined && !required;

const documentation = ({ required = false, ...options }: FieldOptions, schema: ApiPropertyOptions): PropertyDecorator =>
  ApiProperty({ required, ...options, ...schema } as ApiPropertyOptions);

/** Text that can be stored and sent on: no NUL, no ill-formed Unicode. */
const IsStorableText = (): PropertyDecorator =>
  ValidateBy({
    name: 'isStorableText',
    validator: {
      validate: (value) => typeof value !== 'string' || isStorableText(value),
      defaultMessage: () => '$property must not hold NUL or ill-formed Unicode',
    },
  });

interface TextOptions extends FieldOptions {
  minLength?: number;
  maxLength: number;
  /** Whether the upper bound is part of the published schema. */
  publish?: boolean;
}

/** A text of bounded length. */
export function TextField({ minLength, maxLength, publish = true, ...options }: TextOptions): PropertyDecorator {
  // Counted in units of UTF-16, of which there are never fewer than characters.
  const isSurelyGood = (text: string): boolean =>
    minLength === undefined && text.length <= maxLength && isStorableText(text);
  return applyDecorators(
    Certain(
      (value) => (typeof value === 'string' ? isSurelyGood(value) : isAbsent(value, options)),
      presence(options),
      IsString(),
      ...(minLength === undefined ? [] : [MinLength(minLength)]),
      MaxLength(maxLength),
      IsStorableText(),
    ),
    documentation(options, { type: 'string', minLength, ...(publish ? { maxLength } : {}) }),
  );
}

interface IntegerOptions extends FieldOptions {
  minimum: number;
  maximum: number;
  /** Whether `minimum` and `maximum` are part of the published schema. */
  publishMinimum?: boolean;
  publishMaximum?: boolean;
  type?: 'integer' | 'number';
}

/** A JSON integer; digits count where values arrive as text. */
export function IntegerField(options: IntegerOptions): PropertyDecorator {
  const { minimum, maximum, publishMinimum = true, publishMaximum = true, type = 'integer', ...rest } = options;
  return applyDecorators(
    Transform(integerFromText, { groups: [TEXT_SOURCE] }),
    presence(rest),
    IsInt(),
    Min(minimum),
    Max(maximum),
    documentation(rest, { type, ...(publishMinimum ? { minimum } : {}), ...(publishMaximum ? { maximum } : {}) }),
  );
}

/** A JSON boolean; `true` and `false` count where values arrive as text. */
export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    Transform(booleanFromText, { groups: [TEXT_SOURCE] }),
    Certain((value) => typeof value === 'boolean' || isAbsent(value, options), presence(options), IsBoolean()),
    documentation(options, { type: 'boolean' }),
  );
}
