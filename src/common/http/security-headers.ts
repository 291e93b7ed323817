import helmet, { type HelmetOptions } from 'helmet';

/** Seconds that a browser comes by HTTPS alone, once it has. What lies below the host is not ours to decide on. */
const HSTS = { maxAge: 31_536_000, includeSubDomains: false };

/** What matters to documents alone, and would only make answers to programs longer. */
const OF_DOCUMENTS = {
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
} satisfies HelmetOptions;

/**
 * On every answer, unless its route says that it may be kept; what may hold a token is kept by nobody, is taken for
 * nothing that it is not, and is no page.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  ...headersOf({
    contentSecurityPolicy: policy({ defaultSrc: ["'none'"], frameAncestors: ["'none'"] }),
    strictTransportSecurity: HSTS,
    xFrameOptions: { action: 'deny' },
    ...OF_DOCUMENTS,
  }),
};

/** On Swagger UI, whose scripts are all files of ours. Its page has a style sheet in itself. */
export const DOCS_HEADERS: Readonly<Record<string, string>> = headersOf({
  contentSecurityPolicy: policy({
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
  }),
  strictTransportSecurity: HSTS,
  xFrameOptions: { action: 'deny' },
});

function policy(directives: Record<string, string[]>) {
  return { useDefaults: false, directives };
}

/** What helmet would set, asked once: its plugin makes all of it anew for each answer, which costs ten times as much. */
function headersOf(options: HelmetOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  helmet(options)({} as never, response as never, () => undefined);
  return headers;
}
