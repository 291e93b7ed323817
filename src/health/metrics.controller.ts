import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HealthSource } from './health-source.js';

/** For Prometheus: on the management port alone. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly source: HealthSource) {}

  @Get()
  async metrics(@Res() reply: FastifyReply): Promise<FastifyReply> {
    return tell(reply, await this.source.metrics());
  }
}

const tell = (reply: FastifyReply, { contentType, text }: Awaited<ReturnType<HealthSource['metrics']>>): FastifyReply =>
  reply.type(contentType).send(text);
