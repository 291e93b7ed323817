import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, Matches, Max, Min, ValidateBy, ValidateIf } from 'class-validator';

/** Protocols of a PostgreSQL URL. */
export const POSTGRES = ['postgres://', 'postgresql://'];

/** Protocols of an HTTP URL. */
export const HTTP = ['http://', 'https://'];

/** Treats an empty variable as absent, because container tools often pass empty variables on. */
export const present = (value: unknown): boolean => value !== undefined && value !== '';

/** Absent, or as the other decorators say. */
export const OptionalVariable = (): PropertyDecorator => ValidateIf((_object, value) => present(value));

/** A whole number; text that is none stays text and is refused. */
export const WholeNumber = (minimum: number, maximum: number): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value)),
    IsInt({ message: `must be a whole number` }),
    Min(minimum, { message: `must be at least ${minimum}` }),
    Max(maximum, { message: `must be at most ${maximum}` }),
  );

/** `true` or `false`; absent means that the class decides. */
export const Switch = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value)),
    OptionalVariable(),
    IsBoolean({ message: 'must be true or false' }),
  );

export const OneOf = (values: readonly string[]): PropertyDecorator =>
  IsIn(values, { message: `must be one of ${values.join(', ')}` });

/** A comma-separated list, each entry judged by `isValid`; `what` names the entries in the complaint. */
export const List = (what: string, isValid: (entry: string) => boolean): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((entry) => entry.trim())
            .filter((entry) => entry !== '')
        : value,
    ),
    ValidateBy({
      name: 'list',
      validator: {
        validate: (value) => Array.isArray(value) && value.every((entry) => isValid(String(entry))),
        defaultMessage: () => `must be a comma-separated list of ${what}`,
      },
    }),
  );

/** A URL of one of the protocols. */
export const UrlOf = (protocols: readonly string[]): PropertyDecorator =>
  ValidateBy({
    name: 'url',
    validator: {
      validate: (value) => typeof value === 'string' && isUrlOf(protocols, value),
      defaultMessage: () => `must be a URL that starts with ${protocols.join(' or ')}`,
    },
  });

export const isUrlOf = (protocols: readonly string[], text: string): boolean =>
  URL.canParse(text) && protocols.includes(`${new URL(text).protocol}//`);

/** Whether a text is an origin as a browser sends it. */
export const isOrigin = (text: string): boolean =>
  isUrlOf(['http://', 'https://'], text) && new URL(text).origin === text;

/** A secret of at least so many printable characters. */
export const Secret = (minimumLength: number): PropertyDecorator =>
  Matches(new RegExp(`^[\\x21-\\x7e]{${minimumLength},}$`), {
    message: `must be at least ${minimumLength} printable characters without blanks`,
  });
