// Loaded into a service process before anything else: writes to the file named in LOADED_FILE what it loads.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const { LOADED_FILE } = process.env;
const hooks = `import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(LOADED_FILE)}, url + '\\n');
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
// What is required by what is not an ES module passes no hook.
process.on('exit', () => appendFileSync(LOADED_FILE, Object.keys(createRequire(import.meta.url).cache).join('\n')));
