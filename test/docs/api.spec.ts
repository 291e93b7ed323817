import { readFileSync } from 'node:fs';
import { ACTIONS, BUILT_IN_ROLES } from '../../src/permission/catalog.js';
import { PermissionSet } from '../../src/permission/permission-set.js';

const read = (name: string): string => readFileSync(`${__dirname}/../../${name}`, 'utf8');

describe('docs/api.md', () => {
  it('lists every operation of openapi.json once, with its full path and summary', () => {
    const { paths } = JSON.parse(read('openapi.json')) as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => `${method.toUpperCase()} ${path} ${summary}`),
    );
    const rows = [...read('docs/api.md').matchAll(/^\| `([A-Z]+ \/\S+)` +\| (.+?) +\| (.+?) +\|$/gm)];
    expect(rows.map(([, request, summary]) => `${request} ${summary}`).toSorted()).toEqual(operations.toSorted());
  });

  it('names only permissions that exist', () => {
    const named = [...read('docs/api.md').matchAll(/`([a-z-]+) ([a-z-]+)`/g)].map(([, subject, action]) => [
      subject,
      action,
    ]);
    expect(named.length).toBeGreaterThan(30);
    const unknown = named.filter(
      ([subject = '', action = '']) => !(ACTIONS as Record<string, readonly string[]>)[subject]?.includes(action),
    );
    expect(unknown).toEqual([]);
  });
});

describe('docs/permissions.md', () => {
  const roles = Object.keys(BUILT_IN_ROLES);
  const table = Object.entries(ACTIONS).flatMap(([subject, actions]) =>
    actions.map((action) => {
      const holds = (role: string): boolean =>
        PermissionSet.of({ role, permissions: null })
          .rulesOn(subject as keyof typeof ACTIONS)
          .some((rule) => rule.action.includes(action));
      return [`${subject} ${action}`, ...roles.map((role) => (holds(role) ? 'yes' : ''))];
    }),
  );

  it('shows which built-in role has which permission', () => {
    const rows = read('docs/permissions.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      );
    expect(rows.map((row) => row.slice(0, roles.length + 1))).toEqual(table);
  });
});
