import { type ArgumentMetadata, type ExecutionContext, HttpStatus, RequestMethod, type Type } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  HEADERS_METADATA,
  HTTP_CODE_METADATA,
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  PIPES_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
  SSE_METADATA,
} from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import type { HotContext } from './hot-context.js';

/** What Nest would do for a route beyond the steps that all share. A hot route has none of it, or doesn't start. */
const BEYOND = [
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  EXCEPTION_FILTERS_METADATA,
  HEADERS_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  SSE_METADATA,
];

/** What Nest knows of one argument. */
interface Declared {
  index: number;
  data?: unknown;
  pipes: unknown[];
  factory?: (data: unknown, context: ExecutionContext) => unknown;
}

type Take = (context: HotContext, request: FastifyRequest) => unknown;

/** The arguments of a hot route's method. */
export interface HotArguments {
  /** Takes all from the request but the body, whose shape has to be looked at. */
  take: (context: HotContext, request: FastifyRequest) => unknown[];
  body?: { index: number; metadata: ArgumentMetadata };
}

const methodOf = (controller: Type, method: string): object => (controller.prototype as Record<string, object>)[method];

/** The status of success, by Nest's rule. */
export function statusOf(controller: Type, method: string): number {
  const handler = methodOf(controller, method);
  const status = Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined;
  const isPost = Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.POST;
  return status ?? (isPost ? HttpStatus.CREATED : HttpStatus.OK);
}

/** Reads what a method wants to be given. Fails where that is more than a hot route can give. */
export function argumentsOf(controller: Type, method: string): HotArguments {
  const handler = methodOf(controller, method);
  const isPlain = BEYOND.every((key) => !Reflect.hasMetadata(key, handler) && !Reflect.hasMetadata(key, controller));
  if (!isPlain) throw new Error(`${controller.name}.${method} can't be a hot route: it has steps of its own`);
  const types = Reflect.getMetadata('design:paramtypes', controller.prototype as object, method) as Type[];
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<string, Declared>;
  const takes: [number, Take][] = [];
  let body: HotArguments['body'];
  for (const [key, argument] of Object.entries(declared)) {
    const metatype = types[argument.index];
    const take = takeOf(key, argument, metatype);
    if (take) takes.push([argument.index, take]);
    else body = { index: argument.index, metadata: { type: 'body', metatype, data: undefined } };
  }
  return { take: takeAll(takes, types.length), body };
}

const takeAll =
  (takes: readonly [number, Take][], size: number): HotArguments['take'] =>
  (context, request) => {
    const args = Array<unknown>(size);
    for (const [index, take] of takes) args[index] = take(context, request);
    return args;
  };

/** How an argument is taken; null for the whole body. */
function takeOf(key: string, { data, pipes, factory }: Declared, metatype: unknown): Take | null {
  if (pipes.length > 0) throw new Error("An argument of a hot route can't have pipes of its own");
  if (factory && key.includes(CUSTOM_ROUTE_ARGS_METADATA)) return (context) => factory(data, context);
  const type = Number(key.split(':')[0]) as RouteParamtypes;
  if (type === RouteParamtypes.REQUEST) return (_context, request) => request;
  // The route returns its body, as with Nest's option `passthrough`.
  if (type === RouteParamtypes.RESPONSE) return (context) => context.getResponse();
  if (type === RouteParamtypes.BODY && data === undefined) return null;
  if (type === RouteParamtypes.PARAM && typeof data === 'string' && metatype === String) {
    return (_context, { params }) => (params as Record<string, unknown>)[data];
  }
  throw new Error(`A hot route can't have an argument of the kind ${RouteParamtypes[type] ?? key}`);
}
