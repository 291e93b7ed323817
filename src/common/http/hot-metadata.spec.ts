import { Body, Controller, Get, Header, Param, ParseIntPipe, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { argumentsOf, statusOf } from './hot-metadata.js';
import { HotContext } from './hot-context.js';

@Controller()
class Routes {
  @Post()
  good(@Param('id') id: string, @Req() request: object, @Body() body: Map<string, string>): unknown[] {
    return [id, request, body];
  }

  @Post()
  answering(@Res({ passthrough: true }) reply: object): object {
    return reply;
  }

  @Get()
  @UseGuards()
  guarded(): void {}

  @Get()
  @Header('x', 'y')
  headed(): void {}

  @Get()
  queried(@Query() query: Map<string, string>): unknown {
    return query;
  }

  @Get()
  piped(@Param('id', ParseIntPipe) id: string): string {
    return id;
  }

  @Get()
  picking(@Body('part') part: string): string {
    return part;
  }

  @Get()
  counting(@Param('id') id: number): number {
    return id;
  }
}

@Controller()
@UseGuards()
class Guarded {
  @Get()
  plain(): void {}
}

describe('a hot route', () => {
  it('gives a method its arguments in their places, and has the body looked at', () => {
    const { take, body } = argumentsOf(Routes, 'good');
    const request = { params: { id: 'x' } } as unknown as FastifyRequest;
    expect(take(new HotContext([request]), request)).toEqual(['x', request, undefined]);
    expect(body).toEqual({ index: 2, metadata: { type: 'body', metatype: Map, data: undefined } });
  });

  it('gives a method the response', () => {
    const [request, reply] = [{} as FastifyRequest, {}];
    expect(argumentsOf(Routes, 'answering').take(new HotContext([request, reply]), request)).toEqual([reply]);
  });

  it('answers with the status that Nest would', () => {
    expect([statusOf(Routes, 'good'), statusOf(Routes, 'queried')]).toEqual([201, 200]);
  });

  it.each(['guarded', 'headed', 'queried', 'piped', 'picking', 'counting'])(
    'is none where Nest would do more: %s',
    (method) => {
      expect(() => argumentsOf(Routes, method)).toThrow(/hot route/);
    },
  );

  it('is none in a controller with steps of its own', () => {
    expect(() => argumentsOf(Guarded, 'plain')).toThrow(/hot route/);
  });
});
