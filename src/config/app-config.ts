import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { Matches, validateSync } from 'class-validator';
import { parseTrustedIp } from '../common/http/trusted-ip.js';
import {
  HTTP,
  List,
  OneOf,
  OptionalVariable,
  POSTGRES,
  present,
  Secret,
  Switch,
  UrlOf,
  WholeNumber,
} from './environment-fields.js';
import { HttpConfig, type Rule } from './http-config.js';

/** The issuer of a service that runs on its embedded database and says no other. */
export const EMBEDDED_ISSUER = 'http://localhost:8080';

/** The environment, or a sentence for each thing that is wrong with it; never a value. */
export class InvalidEnvironmentError extends Error {}

/**
 * Everything that the environment decides for the service. Besides `callerEnvironment`, which is for commands that talk to
 * a service, only this reads `process.env`; OpenTelemetry reads its own variables by itself.
 * Each property is named as its variable, so that a search for one finds all of its uses.
 */
export class AppConfig extends HttpConfig {
  /**
   * `production` refuses the embedded database unless `EMBEDDED_DATABASE=true`.
   * @group Process
   */
  @OptionalVariable()
  @OneOf(['development', 'test', 'production'])
  readonly NODE_ENV?: string;

  /**
   * Port of the API. 0 selects a free port.
   * @group Process
   */
  @WholeNumber(0, 65_535)
  readonly PORT: number = 8080;

  /**
   * Address that the API listens on.
   * @group Process
   */
  @Matches(/^(?!localhost$)/i, { message: 'must be one address: say 127.0.0.1 or ::1, for localhost stands for both' })
  readonly HOST: string = '0.0.0.0';

  /**
   * Number of processes that serve the port, for a machine without an orchestrator. Each is a replica: a limit
   * "per replica" holds for each of them.
   * @group Process
   */
  @WholeNumber(1, 256)
  readonly WORKERS: number = 1;

  /**
   * Port of health checks and metrics. Never expose it to the public. 0 selects a free port. See
   * [observability.md](observability.md).
   * @group Process
   */
  @WholeNumber(0, 65_535)
  readonly MANAGEMENT_PORT: number = 9090;

  /**
   * URL of the primary PostgreSQL server, version 14 or later. Without it, the service starts its own embedded
   * PostgreSQL.
   * @group Database
   */
  @OptionalVariable()
  @UrlOf(POSTGRES)
  readonly DATABASE_URL?: string;

  /**
   * Seconds that a start waits for the database server.
   * @group Database
   */
  @WholeNumber(0, 3600)
  readonly DATABASE_CONNECT_TIMEOUT: number = 60;

  /**
   * Number of database connections of one replica.
   * @group Database
   */
  @WholeNumber(2, 1000)
  readonly DATABASE_POOL_SIZE: number = 20;

  /**
   * URL of the same database that bypasses PgBouncer. Used by the connection that listens and reads the
   * revocation log, and for session locks. Default: `DATABASE_URL`.
   * @group Database
   */
  @OptionalVariable()
  @UrlOf(POSTGRES)
  readonly DATABASE_DIRECT_URL?: string;

  /**
   * `true` allows the embedded database in production (the development dependencies must be installed). `false`
   * forbids it.
   * @group Database
   */
  @Switch()
  readonly EMBEDDED_DATABASE?: boolean;

  /**
   * Directory of the embedded database.
   * @group Database
   * @default `.data`
   */
  @OptionalVariable()
  readonly EMBEDDED_DATA_DIR?: string;

  /**
   * Whether a start migrates the schema.
   * @group Database
   * @default on with the embedded database outside production
   */
  @Switch()
  readonly MIGRATE_ON_START?: boolean;

  /**
   * Whether a start sets up an empty instance and writes the administrator's token to `.data/admin-token`.
   * @group First set-up
   * @default on with the embedded database outside production
   */
  @Switch()
  readonly BOOTSTRAP_ON_START?: boolean;

  /**
   * Whether `POST /api/v1/admin/bootstrap` exists.
   * @group First set-up
   * @default on with the embedded database outside production
   */
  @Switch()
  readonly BOOTSTRAP_ENABLED?: boolean;

  /**
   * Bearer token that the bootstrap route requires, at least 32 characters. Required where bootstrap is switched
   * on outside development.
   * @group First set-up
   */
  @OptionalVariable()
  @Secret(32)
  readonly BOOTSTRAP_TOKEN?: string;

  /**
   * Failed authentications that one address may send in a minute. Beyond it, every request of that address is
   * 429 until the bucket has refilled. Counted per replica.
   * @group Clients
   */
  @WholeNumber(1, 1_000_000)
  readonly FAILED_CREDENTIALS_PER_MINUTE: number = 3000;

  /**
   * Comma-separated addresses and CIDRs whose `X-Forwarded-For` header is trusted.
   * @group Clients
   */
  @List('addresses or CIDRs', (entry) => parseTrustedIp(entry) !== null)
  readonly TRUSTED_PROXIES: string[] = [];

  /**
   * Seconds that a client may take to send a request.
   * @group Clients
   */
  @WholeNumber(1, 600)
  readonly REQUEST_TIMEOUT: number = 30;

  /**
   * Seconds that a stopping process continues to serve after readiness turned false, so that load balancers
   * notice.
   * @group Process
   * @default 5; 0 with the embedded database outside production
   */
  @OptionalVariable()
  @WholeNumber(0, 600)
  readonly SHUTDOWN_GRACE?: number;

  /**
   * Seconds that a stopping process waits for requests in flight.
   * @group Process
   */
  @WholeNumber(0, 600)
  readonly SHUTDOWN_TIMEOUT: number = 20;

  /**
   * `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.
   * @group Process
   */
  @OneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  readonly LOG_LEVEL: string = 'info';

  /**
   * URL that traces are sent to, such as `http://collector:4318`. Setting it enables tracing.
   * @group Traces
   */
  @OptionalVariable()
  @UrlOf(HTTP)
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  /**
   * The same for traces only, including the path.
   * @group Traces
   */
  @OptionalVariable()
  @UrlOf(HTTP)
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;

  /**
   * `http/protobuf` or `http/json`.
   * @group Traces
   */
  @OneOf(['http/protobuf', 'http/json'])
  readonly OTEL_EXPORTER_OTLP_PROTOCOL: string = 'http/protobuf';

  /**
   * `otlp` enables tracing, `none` disables it.
   * @group Traces
   */
  @OptionalVariable()
  @OneOf(['otlp', 'none'])
  readonly OTEL_TRACES_EXPORTER?: string;

  /**
   * `true` disables tracing.
   * @group Traces
   */
  @Switch()
  readonly OTEL_SDK_DISABLED?: boolean;

  /** Whether traces are to be sent. */
  get isTraced(): boolean {
    if (this.OTEL_SDK_DISABLED === true || this.OTEL_TRACES_EXPORTER === 'none') return false;
    const endpoint = this.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? this.OTEL_EXPORTER_OTLP_ENDPOINT;
    return this.OTEL_TRACES_EXPORTER === 'otlp' || endpoint !== undefined;
  }

  /** Whether the service runs a PostgreSQL of its own. */
  get isEmbedded(): boolean {
    return this.DATABASE_URL === undefined;
  }

  /** Whether conveniences for newcomers are on: with the embedded database, outside production. */
  get isNewcomers(): boolean {
    return this.isEmbedded && this.NODE_ENV !== 'production';
  }

  get migrateOnStart(): boolean {
    return this.MIGRATE_ON_START ?? this.isNewcomers;
  }

  get bootstrapOnStart(): boolean {
    return this.BOOTSTRAP_ON_START ?? this.isNewcomers;
  }

  get bootstrapEnabled(): boolean {
    return this.BOOTSTRAP_ENABLED ?? this.isNewcomers;
  }

  get shutdownGrace(): number {
    return this.SHUTDOWN_GRACE ?? (this.isNewcomers ? 0 : 5);
  }

  get issuer(): string {
    return this.ISSUER ?? EMBEDDED_ISSUER;
  }

  get audience(): string {
    return this.AUDIENCE ?? this.issuer;
  }

  /** With `isDatabaseAlone`, what only a service needs may be missing: tools for the database ask for no issuer or key. */
  static load(env: NodeJS.ProcessEnv = process.env, { isDatabaseAlone = false } = {}): AppConfig {
    const known = Object.entries(env).filter(([name, value]) => Object.hasOwn(DEFAULTS, name) && present(value));
    const config = plainToInstance(AppConfig, Object.fromEntries(known), { exposeDefaultValues: true });
    const wrong = validateSync(config, { forbidUnknownValues: false, stopAtFirstError: true }).flatMap(
      ({ property, constraints = {} }) => Object.values(constraints).map((complaint) => `${property} ${complaint}`),
    );
    const problems = [
      ...wrong,
      ...config.databaseContradictions(),
      ...(isDatabaseAlone ? [] : config.contradictions()),
    ];
    if (problems.length === 0) return config;
    throw new InvalidEnvironmentError(`The environment is not valid:\n  ${problems.join('\n  ')}`);
  }

  /** The names of all variables that are read. */
  static variables(): string[] {
    return Object.keys(DEFAULTS);
  }

  /** What is wrong between variables about the database that are each fine alone. */
  private databaseContradictions(): string[] {
    return complaints([
      [
        this.isEmbedded && this.NODE_ENV === 'production' && this.EMBEDDED_DATABASE !== true,
        'DATABASE_URL is required with NODE_ENV=production (or say EMBEDDED_DATABASE=true)',
      ],
      [this.isEmbedded && this.EMBEDDED_DATABASE === false, 'DATABASE_URL is required with EMBEDDED_DATABASE=false'],
      [
        !this.isEmbedded && this.EMBEDDED_DATABASE === true,
        'EMBEDDED_DATABASE=true and DATABASE_URL exclude each other',
      ],
    ]);
  }

  /** What is wrong between variables of the service that are each fine alone. */
  private contradictions(): string[] {
    const isBootstrapOpen = this.bootstrapEnabled && !this.isNewcomers && this.BOOTSTRAP_TOKEN === undefined;
    return complaints([
      [!this.isEmbedded && this.ISSUER === undefined, 'ISSUER is required with DATABASE_URL'],
      [!this.isEmbedded && this.KEY_ENCRYPTION_KEYS.length === 0, 'KEY_ENCRYPTION_KEYS is required with DATABASE_URL'],
      ...this.tlsContradictions(),
      [isBootstrapOpen, 'BOOTSTRAP_TOKEN is required with BOOTSTRAP_ENABLED=true outside development'],
    ]);
  }
}

const complaints = (rules: Rule[]): string[] =>
  rules.filter(([isBroken]) => isBroken).map(([, complaint]) => complaint);

/** An instance without an environment: its own keys are the variables. */
const DEFAULTS: object = new AppConfig();
