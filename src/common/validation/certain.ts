import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';

/** Whether a value, as JSON gives it, is surely good and needs no change. What it is not sure of, the pipe decides. */
export type Certainty = (value: unknown) => boolean;

interface Judgement {
  isSurelyGood: Certainty;
  /** How many rules there are for the property; NaN where not all of them are known to the certainty. */
  rules: number;
}

const CERTAIN = Symbol('certain');

type Judgements = Record<string, Judgement>;

const judgementsOf = (prototype: object): Judgements => (prototype as { [CERTAIN]?: Judgements })[CERTAIN] ?? {};

/** How many rules class-validator has for each property of a class. */
function rulesOf(type: Type): Map<string, number> {
  const rules = new Map<string, number>();
  for (const { propertyName } of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)) {
    rules.set(propertyName, (rules.get(propertyName) ?? 0) + 1);
  }
  return rules;
}

/**
 * Puts rules on a property, and says when they are surely kept. A property that has other rules besides is never
 * surely good: they are the pipe's to judge.
 */
export const Certain =
  (isSurelyGood: Certainty, ...decorators: PropertyDecorator[]): PropertyDecorator =>
  (prototype, name) => {
    const count = (): number => rulesOf(prototype.constructor as Type).get(String(name)) ?? 0;
    const before = count();
    for (const decorate of decorators) decorate(prototype, name);
    const judgement = { isSurelyGood, rules: before === 0 ? count() : Number.NaN };
    const value: Judgements = { ...judgementsOf(prototype), [String(name)]: judgement };
    Object.defineProperty(prototype, CERTAIN, { value, configurable: true });
  };

const known = new WeakMap<Type, [string, Certainty][] | null>();

/** What is to be asked of each property of a class; null where there is one of which nobody can be sure. */
function certaintiesOf(type: Type): [string, Certainty][] | null {
  const remembered = known.get(type);
  if (remembered !== undefined) return remembered;
  const judgements = judgementsOf(type.prototype as object);
  const isWhole = [...rulesOf(type)].every(([name, rules]) => judgements[name]?.rules === rules);
  const found = isWhole
    ? Object.entries(judgements).map(([name, { isSurelyGood }]): [string, Certainty] => [name, isSurelyGood])
    : null;
  known.set(type, found);
  return found;
}

/**
 * The instance that a JSON object stands for, where each of its declared values is surely good; null otherwise. It
 * spares the good the cost of finding out what is wrong with the bad.
 */
export function surelyGood(type: Type, source: object): object | null {
  const certainties = certaintiesOf(type);
  if (!certainties) return null;
  const instance = new type() as Record<string, unknown>;
  for (const [name, isSurelyGood] of certainties) {
    const value = (source as Record<string, unknown>)[name];
    if (!isSurelyGood(value)) return null;
    if (value !== undefined) instance[name] = value;
  }
  return instance;
}
