import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { AppConfig } from '../../src/config/app-config.js';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { Collector } from './collector.js';
import { PARENT_ID, TRACE_ID, Traffic } from './traffic.js';

const MINT = 'POST /api/v1/auth/token-auth/identities/:identityId/tokens';
const TIMEOUT_MS = 120_000;

const attributesOf = ({ attributes }: Collector['spans'][number]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

describe('the service at its most talkative (CVE-2025-62513, CVE-2025-62705, CVE-2019-11250)', () => {
  const collector = new Collector();
  const bootstrapToken = randomBytes(24).toString('hex');
  const keys = [randomBytes(32), randomBytes(32)];
  let traffic: Traffic;
  let url: string;
  let db: DataSource;
  /** All that was said, by where. */
  const said = { log: '', commands: '', metrics: '', traces: '', audit: '' };

  const record = async (): Promise<void> => {
    const env = {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: keys.map((key) => key.toString('base64')).join(','),
      LOG_LEVEL: 'trace',
    };
    const service = ServiceProcess.run(['serve'], {
      ...env,
      BOOTSTRAP_ENABLED: 'true',
      BOOTSTRAP_TOKEN: bootstrapToken,
      TRUSTED_PROXIES: '127.0.0.1',
      PORT: '0',
      HOST: '127.0.0.1',
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.open(),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    collector.isWilling = false;
    traffic = new Traffic(await service.origin());
    const { token, organizationId } = await traffic.bootstrap(bootstrapToken);
    await service.sees(/traces are not taken/);
    collector.isWilling = true;
    await traffic.lifeOfTokens(token, organizationId);
    await traffic.mishaps(token);
    await db.query('ALTER TABLE membership RENAME TO away');
    await traffic.fault(token);
    await db.query('ALTER TABLE away RENAME TO membership');
    const commands = [
      ['bootstrap', '--recover'],
      ['keys', 'rotate', '--now'],
      ['keys', 'reseal'],
    ].map((args) => ServiceProcess.run(args, env));
    expect(await Promise.all(commands.map((command) => command.exit()))).toEqual([0, 0, 0]);
    await traffic.lifeOfTokens(token, organizationId);
    const management = await service.management();
    for (const path of ['/metrics', '/health/ready', `/health/${token}`])
      said.metrics += await (await fetch(`${management}${path}`)).text();
    expect(await service.stop()).toBe(0);
    said.log = service.stdout + service.stderr;
    // A command's own output is where its token belongs; it is told apart from the log by its form.
    for (const { stdout, stderr } of commands) said.commands += stderr + stdout.replaceAll(/^(?!\{).*$/gm, '');
    for (const [, text = ''] of commands.map(({ stdout }) => /^(eyJ\S+)$/m.exec(stdout) ?? []))
      if (text) traffic.secrets.add(text);
    said.traces = collector.text;
    const rows: { row: object }[] = await db.query('SELECT to_json(e) AS row FROM audit_event e');
    said.audit = rows.map(({ row }) => JSON.stringify(row)).join('\n');
  };

  beforeAll(async () => {
    url = await createDatabase();
    db = await new DataSource({ type: 'postgres', url }).initialize();
    await record();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await collector.close();
    await db.destroy();
    await dropDatabase(url);
  });

  it('has been asked all kinds of things, and has said a lot', () => {
    for (const status of [200, 400, 401, 403, 404, 413, 415, 422, 500]) expect(traffic.statuses).toContain(status);
    expect(traffic.secrets.size).toBeGreaterThan(10);
    expect(said.log).toContain('"level":"debug"');
    expect(said.log).toContain('traces are taken again');
    expect(said.commands).toContain('"level":"debug"');
    expect(said.metrics).toContain('token_auth_denials_total');
    expect(said.audit).toContain('create-token-identity-token-auth');
    expect(collector.spans.length).toBeGreaterThan(100);
  });

  it.each(Object.keys(said) as (keyof typeof said)[])('tells no token, key or Authorization header: %s', (where) => {
    const text = said[where];
    const parts = [...traffic.secrets].flatMap((secret) => [secret, ...secret.split('.').slice(1)]);
    const secrets = new Set([...parts, ...keys.flatMap((key) => [key.toString('base64'), key.toString('hex')])]);
    const long = [...secrets].filter((secret) => secret.length > 20);
    expect(long.length).toBeGreaterThan(20);
    expect(long.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toMatch(/Bearer [\w-]{5}|PRIVATE KEY|"d":"/);
  });

  it('goes on with the trace of its caller, down to the statements', () => {
    const spans = collector.of(TRACE_ID);
    const mint = spans.find(({ name }) => name === MINT)!;
    expect(mint.parentSpanId).toBe(PARENT_ID);
    expect(attributesOf(mint)).toMatchObject({
      'http.request.method': 'POST',
      'http.route': MINT.slice('POST '.length),
      'http.response.status_code': 200,
      'token_auth.req_id': expect.stringMatching(/^req-/),
    });
    const statements = spans.filter(({ parentSpanId }) => parentSpanId === mint.spanId);
    expect(statements.map((span) => attributesOf(span)['db.query.text']).join()).toContain('access_token');
    const line = said.log.split('\n').find((text) => text.includes(TRACE_ID) && text.includes('identityId/tokens'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      traceId: TRACE_ID,
      reqId: attributesOf(mint)['token_auth.req_id'],
      outcome: 'done',
    });
  });

  it('says of a span what is in a list, and nothing of who watches it', () => {
    const told = new Set(collector.spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    expect([...told].filter((name) => /url\.(path|query|full)|header|address|user_agent/.test(name))).toEqual([]);
    expect(collector.spans.filter(({ traceState }) => traceState)).toEqual([]);
    expect(collector.spans.map(({ name }) => name).filter((name) => /health|metrics/.test(name))).toEqual([]);
  });

  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, false],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }, false],
  ])('sends traces only when the standard variables ask for them: %j', (env, isTraced) => {
    expect(AppConfig.load(env).isTraced).toBe(isTraced);
  });
});
