// The same route as a Nest controller on the Fastify adapter with the validation pipe: what Nest costs by itself.
import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsString } from 'class-validator';

class QuestionDto {
  @IsString()
  token: string;
}

@Controller()
class BareController {
  @Get()
  say(): object {
    return { ok: true };
  }

  @Post()
  @HttpCode(200)
  ask(@Body() { token }: QuestionDto): object {
    return { active: token.length > 0 };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
await app.listen(Number(process.argv[2]), '127.0.0.1');
