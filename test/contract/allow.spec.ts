import { readFileSync } from 'node:fs';

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  [keyword: string]: unknown;
}
interface Operation {
  operationId: string;
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface Tightening {
  operationId: string;
  pointer: string;
  why: string;
}

const read = (name: string): unknown => JSON.parse(readFileSync(`${__dirname}/../../${name}`, 'utf8'));
const openapi = read('openapi.json') as Document;
const operations = Object.values(openapi.paths).flatMap((path) => Object.values(path));
const tightenings = read('test/contract/allow.json') as Tightening[];

const resolved = (schema: Schema): Schema => {
  const { $ref, allOf = [], ...rest } = schema;
  const named = $ref === undefined ? {} : resolved(openapi.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {});
  return Object.assign({}, named, ...allOf.map(resolved), rest) as Schema;
};

/** What a pointer leads to: through properties by their names, through lists by `items` and `anyOf`. */
const at = (start: Schema, keys: string[]): unknown =>
  keys.reduce<unknown>((found, key) => {
    const schema = Array.isArray(found) ? found : resolved(found as Schema);
    return (schema as Schema).properties?.[key] ?? (schema as Schema)[key];
  }, start);

describe('a bound that is tighter than in the API of the clients', () => {
  it.each(tightenings)('$operationId $pointer: $why', ({ operationId, pointer, why }) => {
    const [, part, ...keys] = pointer.split('/');
    expect(part).toBe('requestBody');
    const operation = operations.find((each) => each.operationId === operationId);
    const schema = operation?.requestBody?.content['application/json']?.schema ?? {};
    expect(String(at(schema, keys))).toBe(/\d+/.exec(why)?.[0]);
  });
});
