import { Controller, Get } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { HealthSource } from './health-source.js';

const UNDOCUMENTED = { noCache: true, swaggerDocumentation: false };

/** For whoever runs the service: on the management port alone. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly source: HealthSource,
  ) {}

  /** The process turns. */
  @Get('live')
  @HealthCheck(UNDOCUMENTED)
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Traffic may come. */
  @Get('ready')
  @HealthCheck(UNDOCUMENTED)
  async ready(): Promise<HealthCheckResult> {
    return this.health.check(
      (await this.source.readiness()).map(({ name, problem }) => () => {
        const indicator = this.indicators.check(name);
        return problem === null ? indicator.up() : indicator.down(problem);
      }),
    );
  }

  /** The start is over. */
  @Get('startup')
  @HealthCheck(UNDOCUMENTED)
  startup(): Promise<HealthCheckResult> {
    const indicator = this.indicators.check('start');
    return this.health.check([() => (this.source.isStarted ? indicator.up() : indicator.down())]);
  }
}
