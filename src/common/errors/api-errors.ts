import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';

const NOTE: Readonly<Record<number, string>> = {
  400: 'The request is malformed, or the state of things forbids it',
  401: 'No access token, or one that is not, or no longer, good',
  403: 'Not allowed: permission, boundary, address or organization',
  404: 'Unknown, or another organization\'s',
  422: 'The request has a wrong shape; `message` lists every failure as `{ code, path, message }`',
  429: 'Too many requests; `Retry-After` says when to come back',
  500: 'A fault of the service; the cause is in its log under `reqId`',
};

const REQ_ID = 'req-7Yb2kQpLx0MnVd';

/** The schema of one status' error; statuses differ in `statusCode`, and some have `details`. */
function errorModel(status: number, options: { hasDetails?: boolean; isListed?: boolean } = {}): new () => object {
  class ErrorModel {
    reqId: string;
    statusCode: number;
    message: unknown;
    error: string;
    details?: unknown;
  }
  Object.defineProperty(ErrorModel, 'name', { value: `Error${status}` });
  const { prototype } = ErrorModel;
  ApiProperty({ type: 'string', example: REQ_ID })(prototype, 'reqId');
  ApiProperty({ type: 'number', enum: [status] })(prototype, 'statusCode');
  if (options.isListed) ApiProperty({ required: false, anyOf: [{}] } as object)(prototype, 'message');
  else ApiProperty({ type: 'string' })(prototype, 'message');
  ApiProperty({ type: 'string' })(prototype, 'error');
  if (options.hasDetails) ApiProperty({ required: false, anyOf: [{}] } as object)(prototype, 'details');
  return ErrorModel;
}

const MODELS: Readonly<Record<number, new () => object>> = {
  400: errorModel(400, { hasDetails: true }),
  401: errorModel(401),
  403: errorModel(403, { hasDetails: true }),
  404: errorModel(404),
  422: errorModel(422, { isListed: true }),
  429: errorModel(429),
  500: errorModel(500),
};

/** Documents the error shapes that every operation of a controller shares. */
export const ApiErrors = (): ClassDecorator & MethodDecorator =>
  applyDecorators(
    ApiExtraModels(...Object.values(MODELS)),
    ...Object.entries(MODELS).map(([status, model]) =>
      ApiResponse({
        status: Number(status),
        description: NOTE[Number(status)] ?? '',
        content: { 'application/json': { schema: { $ref: getSchemaPath(model) } } },
      }),
    ),
  );
