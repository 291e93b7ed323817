import { ApiProperty } from '@nestjs/swagger';
import { TextField } from '../common/validation/fields.js';
import { Count, Text } from '../common/validation/response-fields.js';

/** No token of ours is longer; what is longer is none, and is told so like any other text that is none. */
export const LONGEST_TEXT = 60_000;

export class BodyTokenDto {
  @TextField({ required: true, maxLength: LONGEST_TEXT, publish: false, description: 'The access token itself' })
  accessToken: string;
}

export class RenewedTokenDto {
  @Text({ description: 'The token with its new end. The old text stays good to its own.' })
  accessToken: string;

  @Count({ description: 'Seconds that the new text really lives: exp − iat' })
  expiresIn: number;

  @Count({ description: 'The configured max TTL in seconds; 0: none' })
  accessTokenMaxTTL: number;

  @ApiProperty({ type: 'string', enum: ['Bearer'] })
  tokenType: 'Bearer';
}

export class RevokedMessageDto {
  @Text()
  message: string;
}
