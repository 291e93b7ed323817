import { readFileSync } from 'node:fs';

/** That of the package, which lies above `dist/src/cli`. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
