import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { STATUS_OF } from '../errors/app-error.js';
import { frameworkError, type WireError } from '../errors/framework-errors.js';
import { errorBody, sendError } from '../errors/send-error.js';
import { newReqId } from '../random-id.js';
import './fastify-request.js';
import { MAX_HEADER_FIELDS, requestHeadError } from './request-head.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** Not as one object: to make it for each answer costs more than the second call. */
export const addFixedHeaders = ({ id }: FastifyRequest, reply: FastifyReply): void =>
  void reply.headers(SECURITY_HEADERS).header('x-request-id', id);

/** Bad percent-encoding and over-long parameters never reach a route; the framework's text would echo the URL. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  if (!rejectInvalidHead(request, reply)) {
    addFixedHeaders(request, reply);
    answerFault(request, reply, frameworkError(error.statusCode ?? 500, error));
  }
  request.server.account(request, reply);
}

/** Answers with what the wire says of an error of the framework; with a fault of ours where it says nothing. */
export function answerFault(request: FastifyRequest, reply: FastifyReply, known: WireError | null): void {
  const { error, message } = known ?? { error: 'InternalServerError' as const, message: 'Something went wrong' };
  sendError(request, reply, error, message);
}

/**
 * Responds with an error, and closes the connection, when the request line or the header is invalid. Returns whether it
 * did. Call it in the first request hook.
 */
export function rejectInvalidHead(request: FastifyRequest, reply: FastifyReply): boolean {
  const known = requestHeadError(request.raw);
  if (!known) return false;
  addFixedHeaders(request, reply);
  // The client may not send a body after an error, and a proxy may see another end of the request than Node.js does.
  void reply.header('connection', 'close');
  answerFault(request, reply, known);
  return true;
}

/** Passes on to the request hook the requests that Node.js would truncate, or answer without an error body. */
export function acceptAllRequests(server: Server, log: Logger): void {
  // Node.js drops the fields beyond the maximum. With one more, the hook sees that there are too many.
  server.maxHeadersCount = MAX_HEADER_FIELDS + 1;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!requestHeadError(request)) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    // Node.js has removed its own listeners, so an error would end the process and a timeout would close nothing.
    socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
    // The client would take this response for that of an earlier request.
    if (currentResponse(socket)) socket.destroy();
    else writeError(log, NO_PROXY, socket);
  });
}

/** The response that Node.js is writing to a connection, or that it waits for. */
const currentResponse = (socket: Duplex): ServerResponse | null =>
  (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? null;

const NO_PROXY: WireError = { error: 'BadRequest', message: 'The service is not a proxy; CONNECT is not supported' };

/** What is no HTTP, or comes too slowly or too large, is answered on the socket: there is no request to answer. */
export function answerClientError(log: Logger, error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // The parser reports some errors after the request hook has responded, and others while a response is being written.
  if (currentResponse(socket)?.headersSent) {
    socket.end();
    return;
  }
  writeError(log, frameworkError(400, error) ?? { error: 'BadRequest', message: 'The request is malformed' }, socket);
}

/** Writes an error response and closes the connection. */
function writeError(log: Logger, known: WireError, socket: Duplex): void {
  const reqId = newReqId();
  log.info({ reqId, statusCode: STATUS_OF[known.error], error: known.error }, 'request');
  const body = JSON.stringify(errorBody(reqId, known.error, known.message));
  socket.end(
    [
      `HTTP/1.1 ${STATUS_OF[known.error]} ${known.error}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${reqId}`,
      ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
