import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { HttpClient } from '../support/http-client.js';
import { ServiceProcess } from '../support/service-process.js';

interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  responses: Record<string, object>;
  requestBody?: { content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
}

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
  format?: string;
  anyOf?: Schema[];
}

interface Document {
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const BROWSERS = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium-browser',
];
const browserPath = BROWSERS.find((path) => path !== undefined && existsSync(path));

/** The built service, for the compiler plugin that writes much of the document runs in the build alone. */
describe('Swagger UI', () => {
  let home: string;
  let service: ServiceProcess;
  let origin: string;
  let token: string;
  let identityId: string;
  let document: Document;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'token-auth-docs-'));
    await chmod(home, 0o711);
    service = ServiceProcess.run(['serve'], { EMBEDDED_DATA_DIR: join(home, 'data'), PORT: '0' });
    await service.sees(/Mint a first token:/);
    origin = await service.origin();
    const secret = (name: string) => readFileSync(join(home, 'data', name), 'utf8').trim();
    token = secret('admin-token');
    identityId = secret('admin-identity');
    document = (await new HttpClient(origin).get('/api/docs/json')).body as Document;
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await rm(home, { recursive: true, force: true });
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ ...operation, path })),
    );

  describe('the document', () => {
    it('is the committed one', () => {
      expect(document).toEqual(JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')));
    });

    it('says of every operation what it does and how it fails', () => {
      for (const { path, operationId, summary, tags, responses } of operations()) {
        expect({ operationId, summary, tags }).toEqual({
          operationId,
          summary: expect.stringMatching(/^[A-Z]/),
          tags: [expect.any(String)],
        });
        if (operationId === 'getStatus') continue;
        const shared = path.startsWith('/oauth2/') ? ['413', '415', '503'] : ['404', '422'];
        expect(Object.keys(responses)).toEqual(
          expect.arrayContaining(['200', '400', '401', '403', ...shared, '429', '500']),
        );
      }
    });

    it('lists its tags with the heart of the service first', () => {
      const names = document.tags.map(({ name }) => name);
      expect(names[0]).toBe('Token Auth');
      expect(new Set(operations().flatMap(({ tags = [] }) => tags))).toEqual(new Set(names));
    });
  });

  describe('the examples', () => {
    const resolve = (schema: Schema): Schema =>
      schema.$ref ? (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema;

    /** What Swagger UI puts into the body before anybody edits it. */
    const exampleOf = (given: Schema): unknown => {
      const schema = resolve(given);
      if (schema.example !== undefined) return schema.example;
      if (schema.default !== undefined) return schema.default;
      if (schema.enum) return schema.enum[0];
      if (schema.anyOf?.[0]) return exampleOf(schema.anyOf[0]);
      if (schema.type === 'object')
        return Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, property]) => [name, exampleOf(property)]),
        );
      if (schema.type === 'array') return [exampleOf(schema.items ?? {})];
      if (schema.format === 'email') return 'user@example.com';
      return schema.type === 'string' ? 'string' : schema.type === 'boolean' ? true : 0;
    };

    it('can be sent as they are', async () => {
      const http = new HttpClient(origin);
      const refused: unknown[] = [];
      for (const [path, methods] of Object.entries(document.paths)) {
        for (const [method, { operationId, requestBody }] of Object.entries(methods)) {
          const content = requestBody?.content['application/json'];
          if (!content) continue;
          const given = Object.values(content.examples ?? {}).map(({ value }) => value);
          const url = path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000');
          for (const body of given.length > 0 ? given : [exampleOf(content.schema)]) {
            const answer = await http.send(method.toUpperCase(), url, { token, body });
            if (answer.status === 422 || answer.status >= 500) refused.push({ operationId, body: answer.body });
          }
        }
      }
      expect(refused).toEqual([]);
    });
  });

  (browserPath === undefined ? describe.skip : describe)('the page (skipped where there is no Chromium)', () => {
    let browser: Browser;
    let page: Page;
    const problems: string[] = [];
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
      page = await browser.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('request', (request) => {
        const { protocol, origin: from } = new URL(request.url());
        if (protocol.startsWith('http') && from !== origin) problems.push(`asked ${from}`);
      });
      await page.goto(`${origin}/api/docs`);
    }, 60_000);
    afterAll(() => browser.close());

    it('mints a token by "Authorize" and "Try it out", and asks no other host', async () => {
      await page.locator('button.authorize').first().click();
      await page.locator('.modal-ux input').fill(token);
      await page.locator('.modal-ux button[type=submit]').click();
      await page.locator('.modal-ux button.btn-done').click();
      const operation = page.locator('[id$="-createTokenAuthToken"]');
      await operation.locator('.opblock-summary-control').click();
      await operation.locator('.try-out__btn').click();
      await operation.locator('tr[data-param-name="identityId"] input').fill(identityId);
      await operation.locator('textarea').fill('{"name":"from the browser"}');
      await operation.locator('button.execute').click();
      const answer = operation.locator('.live-responses-table');
      await answer.waitFor();
      expect(await answer.locator('.response-col_status').last().textContent()).toContain('200');
      const { accessToken, tokenData } = JSON.parse(
        await answer.locator('.response-col_description pre, .response-col_description code').first().innerText(),
      ) as { accessToken: string; tokenData: { name: string } };
      expect(tokenData.name).toBe('from the browser');
      const { status } = await new HttpClient(origin).get('/api/v1/identities/details', { token: accessToken });
      expect(status).toBe(200);
      expect(problems).toEqual([]);
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
    }, 60_000);
  });
});
