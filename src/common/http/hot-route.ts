import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { HotContext } from './hot-context.js';
import { argumentsOf, type HotArguments, statusOf } from './hot-metadata.js';

const HOT = Symbol('hot route');

/** Where a hot route is declared. */
export interface HotPlace {
  controller: Type;
  method: string;
}

/**
 * Marks a route that is asked so often that Nest's pipeline costs more than what it does. It is declared like any other
 * and served beside the pipeline, by the same steps in the same order: guard, shape, controller, errors.
 */
export const HotRoute = (): MethodDecorator => (prototype, name, descriptor) => {
  const place: HotPlace = { controller: prototype.constructor as Type, method: String(name) };
  Reflect.defineMetadata(HOT, place, descriptor.value as object);
};

/** Where a handler was declared hot; undefined for all others. Nest copies what is said of a method to its handler. */
export const hotPlaceOf = (handler: object): HotPlace | undefined =>
  Reflect.getMetadata(HOT, handler) as HotPlace | undefined;

/** What every route goes through. */
export interface HotSteps {
  /** The one that closes every route. */
  guard: CanActivate;
  /** What gives bodies and queries their shape. */
  shape: PipeTransform;
  /** Done before the route's own failure goes on its way; what it throws goes in its place. The guard sees to its own. */
  beforeFailure: (context: ExecutionContext, error: unknown) => Promise<void>;
  answerError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
}

type ControllerMethod = (...args: unknown[]) => unknown;

/**
 * Serves one hot route: Nest's steps, without what they cost where each is known before. Steps that give no promise are
 * not waited for.
 */
class HotServer {
  private readonly handler: ControllerMethod;
  private readonly args: HotArguments;
  private readonly status: number;

  constructor(
    private readonly place: HotPlace,
    private readonly instance: object,
    private readonly steps: HotSteps,
  ) {
    this.handler = (instance as Record<string, ControllerMethod>)[place.method];
    this.args = argumentsOf(place.controller, place.method);
    this.status = statusOf(place.controller, place.method);
  }

  async serve(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const context = new HotContext([request, reply], this.place.controller, this.handler);
    let isIn = false;
    try {
      const admitted = this.steps.guard.canActivate(context);
      isIn = admitted === true || (await admitted) === true;
      if (!isIn) throw new ForbiddenException();
      const args = this.args.take(context, request);
      const { body } = this.args;
      if (body) {
        const shaped: unknown = this.steps.shape.transform(request.body, body.metadata);
        args[body.index] = shaped instanceof Promise ? await shaped : shaped;
      }
      void reply.status(this.status).send(await this.handler.apply(this.instance, args));
    } catch (error) {
      this.steps.answerError(isIn ? await this.failureOf(context, error) : error, request, reply);
    }
  }

  private async failureOf(context: HotContext, error: unknown): Promise<unknown> {
    try {
      await this.steps.beforeFailure(context, error);
      return error;
    } catch (instead) {
      return instead;
    }
  }
}

/** Fastify's handler of a hot route. */
export function serveHot(place: HotPlace, instance: object, steps: HotSteps): RouteHandlerMethod {
  const server = new HotServer(place, instance, steps);
  return (request, reply) => {
    server.serve(request, reply).catch((error: unknown) => reply.send(error));
  };
}
