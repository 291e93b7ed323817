import { ApiProperty } from '@nestjs/swagger';
import { isEmail, ValidateBy } from 'class-validator';
import { TextField } from '../common/validation/fields.js';
import { Flag, Text, Uuid } from '../common/validation/response-fields.js';
import { isStorableText } from '../common/validation/unicode.js';

/** The library's own check throws on ill-formed Unicode instead of refusing it. */
const IsEmailAddress = (): PropertyDecorator =>
  ValidateBy({
    name: 'isEmail',
    validator: {
      validate: (value) => typeof value === 'string' && isStorableText(value) && isEmail(value),
      defaultMessage: () => '$property must be an email',
    },
  });

export class BootstrapDto {
  @TextField({
    required: true,
    minLength: 1,
    maxLength: 254,
    publish: false,
    description: 'How to reach the operator',
    example: 'ops@example.com',
  })
  @IsEmailAddress()
  @ApiProperty({ type: 'string', format: 'email' })
  email: string;

  @TextField({
    minLength: 1,
    maxLength: 1024,
    publish: false,
    description: 'Neither needed nor kept: there are no human accounts',
  })
  password?: string;

  @TextField({
    required: true,
    minLength: 1,
    maxLength: 255,
    publish: false,
    description: 'The name of the first organization',
    example: 'Acme',
  })
  organization: string;
}

/** The operator's contact; no account. */
export class OperatorDto {
  @Text()
  username: string;

  @Text({ nullable: true, required: false })
  firstName: string | null;

  @Text({ nullable: true, required: false })
  lastName: string | null;

  @Text({ nullable: true, required: false })
  email: string | null;

  @Uuid()
  id: string;

  @Flag({ nullable: true, required: false })
  superAdmin: boolean | null;
}

export class FirstOrganizationDto {
  @Uuid()
  id: string;

  @Text()
  name: string;

  @Text()
  slug: string;
}

export class CredentialsDto {
  @Text({ description: 'The first access token. Shown once and stored nowhere.' })
  token: string;
}

export class FirstIdentityDto {
  @Uuid()
  id: string;

  @Text()
  name: string;

  @ApiProperty({ type: CredentialsDto })
  credentials: CredentialsDto;
}

export class BootstrapResponseDto {
  @Text()
  message: string;

  @ApiProperty({ type: OperatorDto })
  user: OperatorDto;

  @ApiProperty({ type: FirstOrganizationDto })
  organization: FirstOrganizationDto;

  @ApiProperty({ type: FirstIdentityDto })
  identity: FirstIdentityDto;
}
