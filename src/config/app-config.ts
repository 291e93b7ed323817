import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { Matches, validateSync } from 'class-validator';
import { parseTrustedIp } from '../common/http/trusted-ip.js';
import {
  isUrlOf,
  List,
  OneOf,
  OptionalVariable,
  present,
  Secret,
  Switch,
  UrlOf,
  WholeNumber,
} from './environment-fields.js';
import { HttpConfig, type Rule } from './http-config.js';
import { parseKeyEncryptionKey } from './key-encryption-keys.js';

const POSTGRES = ['postgres://', 'postgresql://'];
const HTTP = ['http://', 'https://'];

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
  @OptionalVariable()
  @OneOf(['development', 'test', 'production'])
  readonly NODE_ENV?: string;

  @WholeNumber(0, 65_535)
  readonly PORT: number = 8080;

  @Matches(/^(?!localhost$)/i, { message: 'must be one address: say 127.0.0.1 or ::1, for localhost stands for both' })
  readonly HOST: string = '0.0.0.0';

  /** Processes that answer on the port, each a replica. */
  @WholeNumber(1, 256)
  readonly WORKERS: number = 1;

  /** Health and metrics; never to be public. */
  @WholeNumber(0, 65_535)
  readonly MANAGEMENT_PORT: number = 9090;

  @OptionalVariable()
  @UrlOf(POSTGRES)
  readonly DATABASE_URL?: string;

  /** Seconds to wait at start for a server that is not up yet. */
  @WholeNumber(0, 3600)
  readonly DATABASE_CONNECT_TIMEOUT: number = 60;

  @WholeNumber(2, 1000)
  readonly DATABASE_POOL_SIZE: number = 20;

  /** Past PgBouncer, where that stands between: for the connection that listens, and those that hold session locks. */
  @OptionalVariable()
  @UrlOf(POSTGRES)
  readonly DATABASE_DIRECT_URL?: string;

  @Switch()
  readonly EMBEDDED_DATABASE?: boolean;

  @OptionalVariable()
  readonly EMBEDDED_DATA_DIR?: string;

  @Switch()
  readonly MIGRATE_ON_START?: boolean;

  @Switch()
  readonly BOOTSTRAP_ON_START?: boolean;

  @Switch()
  readonly BOOTSTRAP_ENABLED?: boolean;

  @OptionalVariable()
  @Secret(32)
  readonly BOOTSTRAP_TOKEN?: string;

  @OptionalVariable()
  @UrlOf(HTTP)
  readonly ISSUER?: string;

  @OptionalVariable()
  readonly AUDIENCE?: string;

  @List('URLs', (entry) => isUrlOf(HTTP, entry))
  readonly ISSUER_ALIASES: string[] = [];

  @List('32-byte keys in base64 or hexadecimal, made at random', (entry) => parseKeyEncryptionKey(entry) !== null)
  readonly KEY_ENCRYPTION_KEYS: string[] = [];

  /** Seconds; no token lives longer, whatever its configuration says. */
  @WholeNumber(1, 315_360_000)
  readonly ACCESS_TOKEN_MAX_AGE: number = 315_360_000;

  /** Seconds after which another key signs; 0: keys change by command alone. */
  @WholeNumber(0, 315_360_000)
  readonly SIGNING_KEY_MAX_AGE: number = 7_776_000;

  /** Seconds that verifiers may keep the published keys; a new key is published for longer before it signs. */
  @WholeNumber(1, 86_400)
  readonly JWKS_MAX_AGE: number = 300;

  /** Milliseconds; a verdict on older data than this is no verdict. */
  @WholeNumber(50, 60_000)
  readonly REVOCATION_MAX_STALENESS: number = 1000;

  /** Tokens whose proof and state are remembered. */
  @WholeNumber(1, 10_000_000)
  readonly VERDICT_CACHE_SIZE: number = 100_000;

  /** Failed credentials that one address may send in a minute before everything from it is refused for a while. */
  @WholeNumber(1, 1_000_000)
  readonly FAILED_CREDENTIALS_PER_MINUTE: number = 3000;

  /** Streams of revocations that one identity may hold open on one replica, in one organization. */
  @WholeNumber(1, 100_000)
  readonly MAX_STREAMS_PER_IDENTITY: number = 20;

  @List('addresses or CIDRs', (entry) => parseTrustedIp(entry) !== null)
  readonly TRUSTED_PROXIES: string[] = [];

  /** Rows that one actor's refusals may fill in a minute; what is more is counted in one row. */
  @WholeNumber(1, 100_000)
  readonly AUDIT_REFUSALS_PER_MINUTE: number = 60;

  /** Seconds that the record of a token stays readable after the token's end. */
  @WholeNumber(0, 3_153_600_000)
  readonly TOKEN_RECORD_RETENTION: number = 7_776_000;

  /** Seconds that a row of the audit log stays. */
  @WholeNumber(0, 3_153_600_000)
  readonly AUDIT_RETENTION: number = 34_560_000;

  /** Of a role that may delete from the log of revocations and from the audit log; absent: the service's own. */
  @OptionalVariable()
  @UrlOf(POSTGRES)
  readonly RETENTION_DATABASE_URL?: string;

  /** Seconds that a client may take to send a request. */
  @WholeNumber(1, 600)
  readonly REQUEST_TIMEOUT: number = 30;

  /** Seconds that a shutdown goes on serving, until everybody knows that no more traffic is to come. */
  @OptionalVariable()
  @WholeNumber(0, 600)
  readonly SHUTDOWN_GRACE?: number;

  /** Seconds that a shutdown waits for requests in flight. */
  @WholeNumber(0, 600)
  readonly SHUTDOWN_TIMEOUT: number = 20;

  @OneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  readonly LOG_LEVEL: string = 'info';

  /** The standard's own variables; OpenTelemetry reads the others by itself. */
  @OptionalVariable()
  @UrlOf(HTTP)
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  @OptionalVariable()
  @UrlOf(HTTP)
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;

  @OneOf(['http/protobuf', 'http/json'])
  readonly OTEL_EXPORTER_OTLP_PROTOCOL: string = 'http/protobuf';

  @OptionalVariable()
  @OneOf(['otlp', 'none'])
  readonly OTEL_TRACES_EXPORTER?: string;

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
