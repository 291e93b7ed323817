import { applyDecorators } from '@nestjs/common';
import { ApiHideProperty, ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsIn,
  IsObject,
  ValidateBy,
  type ValidationArguments,
  ValidateNested,
} from 'class-validator';
import { Optional } from '../common/validation/fields.js';
import { ACTIONS } from '../permission/catalog.js';

const MAX_RULES = 100;
const MAX_ACTIONS = 32;
const SUBJECTS = Object.keys(ACTIONS);

/** Spelled exactly: a name in other letters is another name, and not known. */
const actionsOn = (subject: unknown): readonly string[] =>
  typeof subject === 'string' && Object.hasOwn(ACTIONS, subject) ? ACTIONS[subject as keyof typeof ACTIONS] : [];

const subjectOf = (args?: ValidationArguments): unknown =>
  (args?.object as PermissionRuleInputDto | undefined)?.subject;

const AreActionsOfSubject = (): PropertyDecorator =>
  ValidateBy({
    name: 'areActionsOfSubject',
    validator: {
      validate: (value, args) =>
        Array.isArray(value) && value.every((action) => actionsOn(subjectOf(args)).includes(action as string)),
      defaultMessage: (args) => `$property must be among ${actionsOn(subjectOf(args)).join(', ') || 'known actions'}`,
    },
  });

/** For what would narrow a rule and isn't supported: to drop it silently would grant more than was asked for. */
const IsUnsupported = (...harmless: unknown[]): PropertyDecorator =>
  ValidateBy({
    name: 'isUnsupported',
    validator: {
      validate: (value) => value === undefined || value === null || harmless.includes(value),
      defaultMessage: () => '$property is not supported',
    },
  });

export class PermissionRuleInputDto {
  @IsDefined({ message: '$property is required' })
  @IsIn(SUBJECTS)
  @ApiProperty({ type: 'string', enum: SUBJECTS, example: 'identity' })
  subject: string;

  /** One action or several; which there are depends on the subject */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @IsDefined({ message: '$property is required' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ACTIONS)
  @AreActionsOfSubject()
  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_ACTIONS }],
    example: ['read', 'create-token'],
  })
  action: string[];

  @ApiHideProperty()
  @IsUnsupported(false)
  inverted?: unknown;

  @ApiHideProperty()
  @IsUnsupported()
  conditions?: unknown;
}

/** What a role gives: everything that any of its rules allows. */
export const PermissionRulesField = ({ required }: { required: boolean }): PropertyDecorator =>
  applyDecorators(
    required ? IsDefined({ message: '$property is required' }) : Optional(),
    IsArray(),
    ArrayMaxSize(MAX_RULES),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    Type(() => PermissionRuleInputDto),
    ApiProperty({
      type: [PermissionRuleInputDto],
      required,
      maxItems: MAX_RULES,
      description:
        'What the role gives; never more than the caller holds. Inverted rules and rules with conditions are refused.',
    }),
  );
