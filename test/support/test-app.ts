import { randomBytes } from 'node:crypto';
import { Test } from '@nestjs/testing';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { createAdapter, serveHotRoutes, setUpApp } from '../../src/app.setup.js';
import { Clock } from '../../src/common/clock.js';
import { loggerOptions } from '../../src/common/logger.js';
import { AppConfig } from '../../src/config/app-config.js';
import { Backing } from '../../src/config/backing.js';
import { BACKGROUND } from '../../src/database/background-data-source.js';
import { RevocationReader } from '../../src/revocation/revocation-reader.service.js';
import { Fixtures } from './fixtures.js';
import { type Answer, HttpClient } from './http-client.js';
import { TestClock } from './test-clock.js';
import { createDatabase, dropDatabase } from './test-database.js';

/** What tests ask of the log about a request. */
interface LoggedRequest {
  reqId?: string;
  reason?: string;
  identityId?: string;
  inactive?: { tokenId: string | null; reason: string }[];
}

interface TestAppOptions {
  env?: Record<string, string>;
  /** Another replica on the same database, with the same keys. */
  beside?: TestApp;
  /** A clock of its own, where replicas are not to share one. */
  clock?: TestClock;
  /** The keys that open the signing keys; `beside` gives the others'. */
  keyEncryptionKeys?: Buffer[];
  /** A migrated database that the test has made, and that is there after the service. */
  url?: string;
  /** What else is done to it before it listens. */
  prepare?: (nest: NestFastifyApplication) => void;
  /** By what address the service reaches its database, given where that is. */
  via?: (url: string) => Promise<string>;
  /** Serves hot routes through Nest's pipeline like all others. */
  withoutHotRoutes?: boolean;
}

/** Enough for what one file does. Caches take their room when they are made, which many services of a run do. */
const SMALL = { DATABASE_POOL_SIZE: '20', VERDICT_CACHE_SIZE: '1000' };

/** The whole service on a database of its own, listening on a free port, with a clock that tests move. */
export class TestApp {
  readonly http: HttpClient;
  readonly given: Fixtures;
  readonly logLines: string[] = [];

  private constructor(
    readonly nest: NestFastifyApplication,
    readonly backing: Backing,
    readonly clock: TestClock,
    readonly origin: string,
    private readonly ownsDatabase: boolean,
  ) {
    this.http = new HttpClient(origin);
    this.given = new Fixtures(this);
  }

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const { env = {}, beside } = options;
    const backing = await backingOf(options);
    const clock = options.clock ?? beside?.clock ?? new TestClock();
    const config = AppConfig.load({ ...SMALL, PORT: '0', HOST: '127.0.0.1', ...env });
    const lines: string[] = [];
    const log = pino(loggerOptions('info'), { write: (line) => void lines.push(line) });
    const testing = await Test.createTestingModule({ imports: [AppModule.with(config, backing)] })
      .overrideProvider(Clock)
      .useValue(clock)
      .compile();
    const nest = testing.createNestApplication<NestFastifyApplication>(createAdapter(config, log), {
      bodyParser: false,
      logger: false,
    });
    setUpApp(nest, config, log);
    if (options.withoutHotRoutes !== true) serveHotRoutes(nest, log);
    options.prepare?.(nest);
    await nest.listen(0, '127.0.0.1');
    const { port } = nest.getHttpServer().address() as { port: number };
    const app = new TestApp(nest, backing, clock, `http://127.0.0.1:${port}`, !beside && !options.url);
    Object.assign(app, { logLines: lines });
    return app;
  }

  /** Reads the revocation log now: what was committed before is known here after. */
  async catchUp(): Promise<void> {
    await this.nest.get(RevocationReader).read();
  }

  get db(): DataSource {
    return this.nest.get(DataSource);
  }

  /** The data source of background jobs. */
  get background(): DataSource {
    return this.nest.get<DataSource>(getDataSourceToken(BACKGROUND));
  }

  get log(): object[] {
    return this.logLines.map((line) => JSON.parse(line) as object);
  }

  /** The line that the log has of the request that was answered so. */
  logOf({ headers }: Answer): LoggedRequest | undefined {
    const isIts = (line: LoggedRequest) => line.reqId === headers.get('x-request-id');
    return (this.log as LoggedRequest[]).find(isIts);
  }

  async stop(): Promise<void> {
    (this.nest.getHttpServer() as { closeAllConnections(): void }).closeAllConnections();
    await this.nest.close();
    if (this.ownsDatabase) await dropDatabase(this.backing.databaseUrl);
  }
}

async function backingOf({
  beside,
  url: given,
  via = async (url) => url,
  keyEncryptionKeys,
}: TestAppOptions): Promise<Backing> {
  const url = await via(given ?? beside?.backing.databaseUrl ?? (await createDatabase()));
  return new Backing(url, keyEncryptionKeys ?? beside?.backing.keyEncryptionKeys ?? [randomBytes(32)]);
}
