import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** The statuses that every operation may answer, and what they mean. */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'The request is malformed, or the state of things forbids it',
  401: 'No access token, or one that is not, or no longer, good',
  403: 'Not allowed: permission, boundary, address or organization',
  404: "Unknown, or another organization's",
  422: 'The request has a wrong shape; `message` lists every failure as `{ code, path, message }`',
  429: 'Too many requests; `Retry-After` says when to come back',
  500: 'A fault of the service; the cause is in its log under `reqId`',
};

const HAS_DETAILS = new Set([400, 403]);

/** Its message is a list, and so has no one type. */
const IS_LISTED = 422;

const TEXT = { type: 'string' };

/** The statuses that the operations below `/oauth2` may answer, with the codes of RFC 6749, 6750 and 7009. */
const OAUTH_STATUSES: Readonly<Record<number, string>> = {
  400: '`invalid_request`: the body is malformed or has a wrong shape',
  401: '`invalid_client`: no access token; `invalid_token`: one that is not, or no longer, good',
  403: '`insufficient_scope`: the caller lacks the permission; `access_denied`: its address is not allowed',
  413: '`invalid_request`: the body is too large',
  415: '`invalid_request`: the media type is not supported',
  429: '`temporarily_unavailable`: too many requests; `Retry-After` says when to come back',
  500: '`server_error`: a fault of the service; the cause is in its log under `x-request-id`',
  503: "`temporarily_unavailable`: what was asked can't be known or done right now; `Retry-After` says when to come back",
};

/** The schemas of the error shapes, one for each status: they differ in `statusCode`, and some have `details`. */
export const ERROR_SCHEMAS: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    Object.keys(STATUSES)
      .map(Number)
      .map((status) => [`Error${status}`, errorSchema(status)]),
  ),
  OAuthError: {
    type: 'object',
    properties: {
      error: { ...TEXT, example: 'invalid_request' },
      error_description: { ...TEXT, example: 'token is required' },
    },
    required: ['error', 'error_description'],
    additionalProperties: false,
  },
};

function errorSchema(status: number): object {
  return {
    type: 'object',
    properties: {
      reqId: { ...TEXT, example: 'req-7Yb2kQpLx0MnVd' },
      statusCode: { type: 'number', enum: [status] },
      message: status === IS_LISTED ? {} : TEXT,
      error: TEXT,
      ...(HAS_DETAILS.has(status) ? { details: {} } : {}),
    },
    required: ['reqId', 'statusCode', ...(status === IS_LISTED ? [] : ['message']), 'error'],
    additionalProperties: false,
  };
}

/** Documents the error shapes that every operation of a controller shares. */
export const ApiErrors = (): ClassDecorator & MethodDecorator => documented(STATUSES, (status) => `Error${status}`);

/** Documents the error shapes of a controller below `/oauth2`: those of RFC 6749, section 5.2. */
export const ApiOAuthErrors = (): ClassDecorator & MethodDecorator => documented(OAUTH_STATUSES, () => 'OAuthError');

const documented = (statuses: Readonly<Record<number, string>>, schemaOf: (status: string) => string) =>
  applyDecorators(
    ...Object.entries(statuses).map(([status, description]) =>
      ApiResponse({
        status: Number(status),
        description,
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${schemaOf(status)}` } } },
      }),
    ),
  );
