import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { ERROR_SCHEMAS } from './common/errors/api-errors.js';
import { DOCS_HEADERS } from './common/http/security-headers.js';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const DOCS_PATH = 'api/docs';

const DESCRIPTION = `Bearer tokens for machine identities: minted, verified and revoked.

Authorize with an access token, then send any request with "Try it out". A first token: create an identity,
attach Token Auth to it, create a token for it.`;

/** The description of the API, generated from the code. */
export function describeApi(app: INestApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('Token Auth Service')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addTag('Token Auth', 'Tokens of machine identities, and the limits that they are issued under')
    .addTag('Access Tokens', 'What the bearer of a token can do with it')
    .addTag('OAuth 2.0', 'Whether a token is good, and its end, as RFC 7662 and RFC 7009 have them')
    .addTag('Discovery', 'What verifiers need to know of the service')
    .addTag('Identities', 'Machine identities')
    .addTag('Organizations', "The caller's own organization")
    .addTag('Sub Organizations', 'Organizations below the root')
    .addTag('Roles', 'Roles that an organization makes for itself')
    .addTag('Revocations', 'What is dead, for services that judge tokens themselves')
    .addTag('Audit Logs', 'Who did what to what, when and from where')
    .addTag('Admin', 'Setting up an instance')
    .addTag('Status', 'Whether the service answers')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Access token of a machine identity' },
      'bearerAuth',
    )
    .addSecurityRequirements('bearerAuth')
    .build();
  const document = SwaggerModule.createDocument(app, options, { operationIdFactory: (_controller, method) => method });
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...ERROR_SCHEMAS } };
  return tidied(document);
}

/** Serves Swagger UI, from files of this installation, and the document itself, which is made when first asked for. */
export function serveDocs(app: NestFastifyApplication): void {
  app.getHttpAdapter().getInstance().addHook('onRoute', addDocsHeaders);
  SwaggerModule.setup(DOCS_PATH, app, () => describeApi(app), {
    jsonDocumentUrl: `${DOCS_PATH}/json`,
    customSiteTitle: 'Token Auth Service',
    swaggerOptions: {
      persistAuthorization: false,
      displayRequestDuration: true,
      validatorUrl: null,
      defaultModelsExpandDepth: -1,
    },
  });
}

/** A page needs more than the answers to programs are allowed; it alone has it. */
function addDocsHeaders(route: RouteOptions): void {
  if (!route.url.startsWith(`/${DOCS_PATH}`)) return;
  route.onRequest = (_request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    void reply.headers(DOCS_HEADERS);
    done();
  };
}

/** Answers that may grow without a new version. */
const OPEN_SCHEMAS = new Set(['StatusDto', 'JwksDto', 'JwkDto', 'ServerMetadataDto']);

/** What holds for every schema and operation is said once, here: closed objects, and only tags that are in use. */
function tidied(document: OpenAPIObject): OpenAPIObject {
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    if (!('$ref' in schema) && schema.type === 'object' && !OPEN_SCHEMAS.has(name))
      schema.additionalProperties ??= false;
  }
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as Record<string, Operation>));
  const tags = new Set(operations.flatMap((operation) => operation.tags ?? []));
  for (const operation of operations) {
    if (operation.security?.some((requirement) => Object.keys(requirement).length === 0)) operation.security = [];
  }
  return { ...document, tags: (document.tags ?? []).filter(({ name }) => tags.has(name)) };
}

interface Operation {
  tags?: string[];
  security?: object[];
}
