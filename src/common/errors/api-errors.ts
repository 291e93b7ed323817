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

/** The schemas of the error shapes, one for each status: they differ in `statusCode`, and some have `details`. */
export const ERROR_SCHEMAS = Object.fromEntries(
  Object.keys(STATUSES)
    .map(Number)
    .map((status) => [`Error${status}`, errorSchema(status)]),
);

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
export const ApiErrors = (): ClassDecorator & MethodDecorator =>
  applyDecorators(
    ...Object.entries(STATUSES).map(([status, description]) =>
      ApiResponse({
        status: Number(status),
        description,
        content: { 'application/json': { schema: { $ref: `#/components/schemas/Error${status}` } } },
      }),
    ),
  );
