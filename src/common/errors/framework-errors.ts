import type { ErrorName } from './app-error.js';

/** What the wire says about an error of the framework. */
export interface WireError {
  error: ErrorName;
  /** A sentence of ours: the framework's may echo what was sent. */
  message: string;
}

const MALFORMED: WireError = { error: 'BadRequest', message: 'The request is malformed' };

const BY_STATUS = {
  400: MALFORMED,
  404: { error: 'NotFound', message: 'There is no such route' },
  405: { error: 'NotFound', message: 'There is no such route' },
  408: { error: 'RequestTimeout', message: 'The request took too long to arrive' },
  413: { error: 'PayloadTooLarge', message: 'The request is too large' },
  414: { error: 'UriTooLong', message: 'The URL is too long' },
  415: { error: 'UnsupportedMediaType', message: 'The media type is not supported; send application/json' },
  431: { error: 'HeaderFieldsTooLarge', message: 'The header fields are too large' },
} as const satisfies Record<number, WireError>;

const BY_CODE: Readonly<Record<string, WireError>> = {
  FST_ERR_BAD_URL: { error: 'BadRequest', message: 'The URL is malformed' },
  FST_ERR_MAX_PARAM_LENGTH: BY_STATUS[404],
  FST_ERR_CTP_BODY_TOO_LARGE: BY_STATUS[413],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: BY_STATUS[415],
  FST_ERR_CTP_INVALID_JSON_BODY: { error: 'BadRequest', message: 'The body is malformed' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { error: 'BadRequest', message: 'The body is malformed' },
  HPE_HEADER_OVERFLOW: BY_STATUS[431],
  ERR_HTTP_REQUEST_TIMEOUT: BY_STATUS[408],
};

/** What the wire says about an error of the framework; null when it is no fault of the request. */
export function frameworkError(status: number, error: unknown): WireError | null {
  const code = (error as { code?: string } | null)?.code ?? '';
  return BY_CODE[code] ?? (BY_STATUS as Readonly<Record<number, WireError>>)[status] ?? null;
}
