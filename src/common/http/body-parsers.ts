import { parse as parseQuery } from 'node:querystring';
import type { FastifyError, FastifyInstance } from 'fastify';
import secureJson from 'secure-json-parse';

/** Nesting beyond this is refused while the text is read, before anything is built from it. */
const MAX_JSON_DEPTH = 16;

/** Maximum number of fields of a form. No request of the API has as many. */
const MAX_FORM_FIELDS = 200;

const forms = new WeakSet<object>();

/** Whether a parsed body came as a form, whose digits and booleans are text. */
export const isForm = (body: object): boolean => forms.has(body);

/** Bodies are JSON or flat forms; everything else is 415. No body at all is no error here: the route decides. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseJson(String(text)));
    } catch {
      done(malformed(), undefined);
    }
  });
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseForm(String(text)));
    } catch {
      done(malformed(), undefined);
    }
  });
}

function malformed(): FastifyError {
  return Object.assign(new Error('The body is malformed'), {
    name: 'FastifyError',
    code: 'FST_ERR_CTP_INVALID_JSON_BODY',
    statusCode: 400,
  });
}

function parseJson(text: string): unknown {
  if (text.length === 0) return undefined;
  if (isDeeper(text, MAX_JSON_DEPTH)) throw new SyntaxError('The JSON is nested too deeply');
  if (isSurelyHarmless(text)) return JSON.parse(text);
  return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
}

/** Whether no key in it can reach a prototype: without escapes, such a key would stand there as it is. */
const isSurelyHarmless = (text: string): boolean =>
  text.startsWith('{') && !text.includes('\\') && !text.includes('__proto__') && !text.includes('constructor');

/** Whether a JSON text is nested beyond a depth; with few brackets in all, it can't be. */
const isDeeper = (text: string, depth: number): boolean =>
  (hasMore(text, '{', depth / 2) || hasMore(text, '[', depth / 2)) && depthOf(text) > depth;

/** Whether the text has the character more than so many times. */
function hasMore(text: string, char: string, times: number): boolean {
  let seen = 0;
  for (let at = text.indexOf(char); at !== -1 && seen <= times; at = text.indexOf(char, at + 1)) seen += 1;
  return seen > times;
}

const [QUOTE, BACKSLASH, OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [...'"\\{}[]'].map((char) =>
  char.charCodeAt(0),
);

/** The deepest nesting of a JSON text, found without building anything from it. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (isInString) {
      if (char === BACKSLASH) at += 1;
      else if (char === QUOTE) isInString = false;
    } else if (char === QUOTE) isInString = true;
    else if (char === OPEN_OBJECT || char === OPEN_LIST) deepest = Math.max(deepest, ++depth);
    else if (char === CLOSE_OBJECT || char === CLOSE_LIST) depth -= 1;
  }
  return deepest;
}

/** A form as a flat object. Bad percent-encoding is malformed, as it is in JSON. */
function parseForm(text: string): object | undefined {
  if (text.length === 0) return undefined;
  decodeURIComponent(text.replaceAll('+', ' '));
  // The parser would drop the fields beyond its maximum silently.
  if (hasMore(text, '&', MAX_FORM_FIELDS - 1)) throw new SyntaxError('The form has too many fields');
  const form = { ...parseQuery(text, undefined, undefined, { maxKeys: MAX_FORM_FIELDS }) };
  forms.add(form);
  return form;
}
