import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError as Failure } from 'class-validator';
import { ValidationError, type ValidationIssue } from '../errors/app-error.js';
import { surelyGood } from './certain.js';
import { TEXT_SOURCE } from './fields.js';
import { isForm } from '../http/body-parsers.js';

/** Types of single values, such as a path id, which the use case judges: an id that is no id is an unknown one. */
const PLAIN = new Set<unknown>([String, Number, Boolean, Object]);

const OPTIONAL_BODY = Symbol('optional body');

/** Marks a body class that may be left out altogether: no body counts as `{}`. */
export const OptionalBody = (): ClassDecorator => (target) => {
  Object.defineProperty(target, OPTIONAL_BODY, { value: true });
};

/**
 * Turns paths, queries and bodies into their DTOs and refuses what does not fit, listing every failure (422).
 * Unknown keys are dropped silently, for clients repeat path ids in bodies.
 */
@Injectable()
export class RequestShapePipe implements PipeTransform {
  /** Gives a promise only where a shape has to be looked into. */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || metatype === undefined || PLAIN.has(metatype)) return value;
    const isAbsent = value === undefined || value === null;
    const source = type === 'body' && isAbsent && OPTIONAL_BODY in metatype ? {} : value;
    if (typeof source !== 'object' || source === null || Array.isArray(source)) throw notAnObject(isAbsent);
    const isText = type !== 'body' || isForm(source);
    const good = isText ? null : surelyGood(metatype as Type<object>, source);
    return good ?? validated(metatype as Type<object>, source, isText);
  }
}

async function validated(metatype: Type<object>, source: object, isText: boolean): Promise<object> {
  const dto = plainToInstance(metatype, source, { groups: isText ? [TEXT_SOURCE] : [] });
  const failures = await validate(dto, { whitelist: true, forbidUnknownValues: false });
  if (failures.length > 0) throw new ValidationError(failures.flatMap((failure) => issuesOf(failure, [])));
  return dto;
}

function notAnObject(isAbsent: boolean): ValidationError {
  const message = isAbsent ? 'A body is required' : 'The body must be an object';
  return new ValidationError([{ code: isAbsent ? 'isDefined' : 'isObject', path: [], message }]);
}

function issuesOf(
  { property, constraints = {}, children = [] }: Failure,
  parents: (string | number)[],
): ValidationIssue[] {
  const path = [...parents, /^\d+$/.test(property) ? Number(property) : property];
  const own = Object.entries(constraints).map(([code, message]) => ({ code, path, message }));
  return [...own, ...children.flatMap((child) => issuesOf(child, path))];
}
