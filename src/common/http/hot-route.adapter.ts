import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { RouteHandlerMethod } from 'fastify';
import { type HotPlace, hotPlaceOf } from './hot-route.js';

/** Nest's adapter, which is given another handler for each hot route. */
export class HotRouteAdapter extends FastifyAdapter {
  private serve?: (place: HotPlace) => RouteHandlerMethod;

  /** To be called before Nest registers its routes. Without it, all of them go through Nest's pipeline. */
  serveHotRoutesBy(serve: (place: HotPlace) => RouteHandlerMethod): void {
    this.serve = serve;
  }

  override get(...args: unknown[]) {
    return super.get(...this.withHot(args));
  }

  override post(...args: unknown[]) {
    return super.post(...this.withHot(args));
  }

  private withHot(args: unknown[]): unknown[] {
    const handler = args.at(-1);
    const place = typeof handler === 'function' ? hotPlaceOf(handler) : undefined;
    if (!place || !this.serve) return args;
    return [...args.slice(0, -1), withMetadataOf(handler as object, this.serve(place))];
  }
}

/** What is said of a route, such as its limits, is said of whichever handler serves it. */
function withMetadataOf(handler: object, hot: RouteHandlerMethod): RouteHandlerMethod {
  for (const key of Reflect.getMetadataKeys(handler) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), hot);
  }
  return hot;
}
