import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../../common/validation/response-fields.js';
import { KEY_ALGORITHMS, type KeyAlgorithm, publicJwk, type VerificationKey } from './key-material.js';

const Url = (description: string): PropertyDecorator => ApiProperty({ type: 'string', format: 'uri', description });

/** A public key (RFC 7517). An elliptic-curve key has `crv`, `x` and `y`, an RSA key `n` and `e`. */
export class JwkDto {
  @Text({ description: 'What the header of a token names its key by' })
  kid: string;

  @ApiProperty({ type: 'string', enum: ['sig'] })
  use: 'sig';

  @ApiProperty({ type: 'string', enum: KEY_ALGORITHMS, description: 'The only algorithm that the key is for' })
  alg: KeyAlgorithm;

  @ApiProperty({ type: 'string', enum: ['EC', 'RSA'] })
  kty: string;

  @Text({ required: false })
  crv?: string;

  @Text({ required: false })
  x?: string;

  @Text({ required: false })
  y?: string;

  @Text({ required: false })
  n?: string;

  @Text({ required: false })
  e?: string;

  static from({ kid, algorithm, publicKey }: VerificationKey): JwkDto {
    return { kid, use: 'sig', alg: algorithm, ...publicJwk(publicKey) };
  }
}

export class JwksDto {
  @ApiProperty({ type: [JwkDto] })
  keys: JwkDto[];
}

/** What an OAuth client needs to know of the service (RFC 8414). */
export class ServerMetadataDto {
  @Url('What the claim `iss` of its tokens says')
  issuer: string;

  @Url('Where its public keys are')
  jwks_uri: string;

  @Url('Where verifiers ask about a token (RFC 7662)')
  introspection_endpoint: string;

  @ApiProperty({ type: [String], description: 'How they say who they are: by an access token of their own' })
  introspection_endpoint_auth_methods_supported: string[];

  @Url('Where whoever holds a token ends it (RFC 7009)')
  revocation_endpoint: string;

  @ApiProperty({ type: [String], description: 'Possession of the token suffices' })
  revocation_endpoint_auth_methods_supported: string[];

  @ApiProperty({ type: [String], description: 'None: tokens are issued by the API, not by an OAuth grant' })
  response_types_supported: string[];

  @ApiProperty({ type: [String], description: 'None' })
  grant_types_supported: string[];

  static of(issuer: string): ServerMetadataDto {
    const base = issuer.replace(/\/+$/, '');
    return {
      issuer,
      jwks_uri: `${base}/.well-known/jwks.json`,
      introspection_endpoint: `${base}/oauth2/introspect`,
      introspection_endpoint_auth_methods_supported: ['Bearer'],
      revocation_endpoint: `${base}/oauth2/revoke`,
      revocation_endpoint_auth_methods_supported: ['none'],
      response_types_supported: [],
      grant_types_supported: [],
    };
  }
}
