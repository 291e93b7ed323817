/** Where a service is that the command line talks to, and by which token. */
export interface CallerEnvironment {
  url?: string;
  token?: string;
}

/** What callers of a service find in their environment; the service itself reads none of it. */
export function callerEnvironment(env: NodeJS.ProcessEnv = process.env): CallerEnvironment {
  const { TOKEN_AUTH_URL: url, TOKEN_AUTH_TOKEN: token } = env;
  return { ...(url ? { url } : {}), ...(token ? { token } : {}) };
}
