import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { AppConfig } from '../../src/config/app-config.js';
import { read, ROOT, variablesIn, version } from './manifests.js';

interface ComposeService {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  mem_limit?: string;
  cpus?: number;
  read_only?: boolean;
  cap_drop?: string[];
  stop_grace_period?: string;
  profiles?: string[];
}

interface Compose {
  services: Record<string, ComposeService>;
  networks: Record<string, { ipam: { config: { subnet: string }[] } }>;
  volumes: Record<string, unknown>;
}

const text = read('../compose.yaml');
const { services, networks, volumes } = parse(text, { merge: true }) as Compose;
const config = new AppConfig();
const all = Object.entries(services).map(([name, service]) => ({ name, service }));
const ours = all.filter(({ service }) => service.image.startsWith('token-auth:'));
const replicas = all.filter(({ name }) => name.startsWith('replica-'));

describe('compose.yaml', () => {
  it.each(all)('$name has a version, limits, and something to tell its health by', ({ service }) => {
    expect(service.image).toMatch(/:v?\d+\.\d+[^:]*$/);
    expect(service).toMatchObject({
      mem_limit: expect.any(String),
      cpus: expect.any(Number),
      networks: ['token-auth'],
    });
    const isOurs = service.image === `token-auth:${version}`;
    // The image of the service brings its own check.
    expect(isOurs || (service.healthcheck?.test ?? []).length > 0).toBe(true);
  });

  it('leaves no container more than it needs, but for that of the database', () => {
    for (const { service } of all.filter(({ name }) => name !== 'postgres'))
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(ours).toHaveLength(4);
  });

  it('has two replicas behind a proxy, which is all that others reach, and that from this machine alone', () => {
    expect(replicas).toHaveLength(2);
    expect(Object.keys(services.proxy?.depends_on ?? {})).toEqual(replicas.map(({ name }) => name));
    const published = all.flatMap(({ name, service }) =>
      (service.ports ?? []).map((port) => [name, port.split(':')[0]]),
    );
    expect(published).toEqual([
      ['proxy', '127.0.0.1'],
      ['prometheus', '127.0.0.1'],
      ['grafana', '127.0.0.1'],
    ]);
    const proxy = read('compose/haproxy.cfg');
    for (const { name } of replicas) expect(proxy).toContain(`server ${name} ${name}:${config.PORT}`);
    for (const { name } of replicas) expect(read('compose/prometheus.yaml')).toContain(`'${name}:9090'`);
    expect(proxy).toContain('check port 9090');
    expect([services.prometheus?.profiles, services.grafana?.profiles]).toEqual([['monitoring'], ['monitoring']]);
  });

  it('sets variables that there are, as the service can read them', () => {
    const secret = (value: string) =>
      value.replace(/\$\{\w+:\?\}/g, '5f3a1c9be27d4068af15c3d9420e8b76b1d7e09c34f2a58d6e0b97c1f4a3d285');
    for (const { name, service } of ours) {
      const entries = Object.entries(service.environment ?? {});
      expect(
        entries.map(([variable]) => variable).filter((variable) => !AppConfig.variables().includes(variable)),
      ).toEqual([]);
      const env = Object.fromEntries(entries.map(([variable, value]) => [variable, secret(value)]));
      expect(() =>
        AppConfig.load({ NODE_ENV: 'production', ...env }, { isDatabaseAlone: name === 'migrate' }),
      ).not.toThrow();
    }
    expect(services['replica-1']?.environment?.TRUSTED_PROXIES).toBe(networks['token-auth']?.ipam.config[0]?.subnet);
  });

  it('migrates before a replica starts, and gives one time to end its work', () => {
    for (const { service } of replicas) {
      expect(service.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
      expect(Number.parseInt(service.stop_grace_period ?? '', 10)).toBeGreaterThan(config.SHUTDOWN_TIMEOUT + 5);
    }
    const roles = read('kubernetes/overlays/development/roles.sh');
    for (const argument of services.migrate?.command?.slice(-2) ?? [])
      expect(roles).toContain(`CREATE ROLE ${argument.split('=')[1]} `);
  });

  it('gets every secret from a file that is made and kept out of the repository', () => {
    const asked = new Set([...text.matchAll(/\$\{(\w+):\?\}/g)].map(([, name]) => name));
    const script = read('compose/secrets.sh');
    const [, passwords = ''] = /for name in (.*); do/.exec(script) ?? [];
    const made = [
      ...passwords.split(' ').map((name) => `${name}_PASSWORD`),
      ...Object.keys(variablesIn(script.replaceAll(/^ *echo "/gm, ''))),
    ];
    expect([...asked].toSorted()).toEqual(made.filter((name) => name !== '_PASSWORD').toSorted());
    expect(text).not.toMatch(/PASSWORD: (?!\$\{)/);
    expect(read('../.gitignore').split('\n')).toContain('.env.compose');
  });

  it('mounts what is there', () => {
    const mounts = all.flatMap(({ service }) => service.volumes ?? []).map((mount) => mount.split(':')[0] ?? '');
    const files = mounts.filter((source) => source.startsWith('./'));
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect(mounts.filter((source) => !source.startsWith('.')).toSorted()).toEqual(Object.keys(volumes).toSorted());
  });
});
