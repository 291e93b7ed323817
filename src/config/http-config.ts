import { isOrigin, List, OptionalVariable, Switch, WholeNumber } from './environment-fields.js';

/** What is wrong between variables that are each fine alone. */
export type Rule = [isBroken: boolean, complaint: string];

/** What the environment decides of who may come, how often, and over what. */
export abstract class HttpConfig {
  /** Requests that one access token may send in a minute; 0: no limit. This and the next two hold for each process. */
  @WholeNumber(0, 1_000_000_000)
  readonly TOKEN_REQUESTS_PER_MINUTE: number = 1_200_000;

  /** Requests per minute of one identity in one organization, with all of its tokens there; 0: no limit. */
  @WholeNumber(0, 1_000_000_000)
  readonly IDENTITY_REQUESTS_PER_MINUTE: number = 2_400_000;

  /** Requests that one address may send in a minute without a proven bearer; 0: no limit. */
  @WholeNumber(0, 1_000_000_000)
  readonly ADDRESS_REQUESTS_PER_MINUTE: number = 120_000;

  /** Live tokens of one identity in one organization; beyond it none are minted, as far as the last count knows. 0: no limit. */
  @WholeNumber(0, 1_000_000_000)
  readonly MAX_LIVE_TOKENS_PER_IDENTITY: number = 1_000_000;

  /** Seconds that a connection may stand still while an answer is under way, as when its client doesn't read. */
  @WholeNumber(1, 3600)
  readonly STALL_TIMEOUT: number = 60;

  /** Connections of one process; further ones are closed at once. */
  @WholeNumber(1, 1_000_000)
  readonly MAX_CONNECTIONS: number = 10_000;

  /** PEM; with it and its key the service speaks HTTPS. */
  @OptionalVariable()
  readonly TLS_CERT_FILE?: string;

  @OptionalVariable()
  readonly TLS_KEY_FILE?: string;

  /** PEM; with it only clients with a certificate that one of these has signed are let in. */
  @OptionalVariable()
  readonly TLS_CLIENT_CA_FILE?: string;

  @List('origins such as https://app.example.com, or * for all', (entry) => entry === '*' || isOrigin(entry))
  readonly CORS_ORIGINS: string[] = [];

  /** Swagger UI and the OpenAPI document. They tell nothing that isn't public, and the routes are closed all the same. */
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
