import { isOrigin, List, OptionalVariable, Switch, WholeNumber } from './environment-fields.js';
import { TokenConfig } from './token-config.js';

/** What is wrong between variables that are each fine alone. */
export type Rule = [isBroken: boolean, complaint: string];

/** What the environment decides of who may come, how often, and over what. */
export abstract class HttpConfig extends TokenConfig {
  /**
   * Requests that one access token may send in a minute, in a burst or evenly; beyond it 429. 0: no limit.
   * Counted per process; see [limits.md](limits.md).
   * @group Clients
   */
  @WholeNumber(0, 1_000_000_000)
  readonly TOKEN_REQUESTS_PER_MINUTE: number = 1_200_000;

  /**
   * The same for all access tokens of an identity in one organization together.
   * @group Clients
   */
  @WholeNumber(0, 1_000_000_000)
  readonly IDENTITY_REQUESTS_PER_MINUTE: number = 2_400_000;

  /**
   * The same for requests of one address without an authenticated bearer token: public routes, tokens in bodies,
   * missing credentials, unknown routes.
   * @group Clients
   */
  @WholeNumber(0, 1_000_000_000)
  readonly ADDRESS_REQUESTS_PER_MINUTE: number = 120_000;

  /**
   * Maximum number of live tokens of one identity in one organization; a create request beyond it is 400.
   * Counted from time to time, so it can be exceeded by what is created meanwhile. 0: no limit.
   * @group Tokens
   */
  @WholeNumber(0, 1_000_000_000)
  readonly MAX_LIVE_TOKENS_PER_IDENTITY: number = 1_000_000;

  /**
   * Seconds that a connection may make no progress while a response is being sent. Then it is closed.
   * @group Clients
   */
  @WholeNumber(1, 3600)
  readonly STALL_TIMEOUT: number = 60;

  /**
   * Maximum number of client connections of one process. Further connections are closed at once.
   * @group Clients
   */
  @WholeNumber(1, 1_000_000)
  readonly MAX_CONNECTIONS: number = 10_000;

  /**
   * PEM file with the certificate chain. With it, the service speaks HTTPS. The file is reloaded when it
   * changes; an invalid file is logged and the previous certificate stays.
   * @group TLS
   */
  @OptionalVariable()
  readonly TLS_CERT_FILE?: string;

  /**
   * PEM file with the private key.
   * @group TLS
   */
  @OptionalVariable()
  readonly TLS_KEY_FILE?: string;

  /**
   * PEM file with CA certificates. With it, clients must present a certificate that one of these CAs signed.
   * @group TLS
   */
  @OptionalVariable()
  readonly TLS_CLIENT_CA_FILE?: string;

  /**
   * Comma-separated origins whose pages may call the API from a browser; `*` allows all. Empty: none.
   * @group Clients
   */
  @List('origins such as https://app.example.com, or * for all', (entry) => entry === '*' || isOrigin(entry))
  readonly CORS_ORIGINS: string[] = [];

  /**
   * Whether Swagger UI and the OpenAPI document are served.
   * @group Process
   * @default on
   */
  @Switch()
  readonly DOCS_ENABLED: boolean = true;

  /** Where the files for HTTPS are; null: HTTP. */
  get tlsFiles(): { cert: string; key: string; clientCa?: string } | null {
    const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CLIENT_CA_FILE: clientCa } = this;
    return cert !== undefined && key !== undefined ? { cert, key, clientCa } : null;
  }

  protected tlsContradictions(): Rule[] {
    const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CLIENT_CA_FILE: clientCa } = this;
    return [
      [(cert === undefined) !== (key === undefined), 'TLS_CERT_FILE and TLS_KEY_FILE go together'],
      [clientCa !== undefined && cert === undefined, 'TLS_CLIENT_CA_FILE is of use only with TLS_CERT_FILE'],
    ];
  }
}
