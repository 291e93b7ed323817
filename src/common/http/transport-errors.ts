import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { STATUS_OF } from '../errors/app-error.js';
import { frameworkError, type WireError } from '../errors/framework-errors.js';
import { errorBody, sendError } from '../errors/send-error.js';
import { newReqId } from '../random-id.js';
import './fastify-request.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** Not as one object: to make it for each answer costs more than the second call. */
export const addFixedHeaders = ({ id }: FastifyRequest, reply: FastifyReply): void =>
  void reply.headers(SECURITY_HEADERS).header('x-request-id', id);

/** Bad percent-encoding and over-long parameters never reach a route; the framework's text would echo the URL. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  addFixedHeaders(request, reply);
  answerFault(request, reply, frameworkError(error.statusCode ?? 500, error));
  request.server.account(request, reply);
}

/** Answers with what the wire says of an error of the framework; with a fault of ours where it says nothing. */
export function answerFault(request: FastifyRequest, reply: FastifyReply, known: WireError | null): void {
  const { error, message } = known ?? { error: 'InternalServerError' as const, message: 'Something went wrong' };
  sendError(request, reply, error, message);
}

/** What is no HTTP, or comes too slowly or too large, is answered on the socket: there is no request to answer. */
export function answerClientError(log: Logger, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = frameworkError(400, error) ?? { error: 'BadRequest' as const, message: 'The request is malformed' };
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
