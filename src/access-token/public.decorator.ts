import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';

/** Set on routes that need no bearer token. */
export const IsPublic = Reflector.createDecorator<void, true>({ transform: () => true });

/** Opens a route to callers without a bearer token. Every other route is closed. */
export const Public = (): MethodDecorator & ClassDecorator => applyDecorators(IsPublic(), ApiSecurity({}));
