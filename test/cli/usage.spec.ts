import { createProgram } from '../../src/cli/program.js';
import type { Command } from 'commander';
import { commandLine } from '../support/command-line.js';

/** Help and mistakes are answered at once: what of the service would take its time to load is not there. */
jest.mock('@nestjs/common', () => mockAbsent());
jest.mock('class-validator', () => mockAbsent());
jest.mock('pg', () => mockAbsent());
jest.mock('pino', () => mockAbsent());
jest.mock('typeorm', () => mockAbsent());
function mockAbsent(): never {
  throw new Error('The service was loaded');
}

const terminal = { out: () => undefined, err: () => undefined, read: async () => '' };

interface Place {
  path: string[];
  /** Whether it only holds others. */
  isGroup: boolean;
}

/** Every command by its words. */
function placesOf(command: Command, path: string[] = []): Place[] {
  const below = command.commands.flatMap((child) => placesOf(child, [...path, child.name()]));
  return [{ path, isGroup: below.length > 0 }, ...below];
}
const places = placesOf(createProgram(terminal));
const paths = places.map(({ path }) => path);

const MISUNDERSTOOD: string[][] = [
  [],
  ['--'],
  ['unknown'],
  ['--unknown'],
  ['migrate', 'twice'],
  ['bootstrap', '--wrong'],
  ['bootstrap', '--recover', '--organization', 'Acme'],
  ['keys'],
  ['keys', 'unknown'],
  ['keys', 'list', 'extra'],
  ['keys', 'list', '--now'],
  ['keys', 'revoke'],
  ['keys', 'rotate', '--alg', 'HS256'],
  ['restore'],
  ['restore', 'accept', 'extra'],
  ['identities', 'create'],
  ['identities', 'list', '--limit', 'many'],
  ['identities', 'token-auth'],
  ['identities', 'token-auth', 'attach'],
  ['identities', 'token-auth', 'update', 'id', '--ttl', '-1'],
  ['tokens', 'create', 'id', '--timeout', '0'],
  ['tokens', 'create', 'id', '--token', 'eyJ'],
];

describe('the command line', () => {
  it.each(MISUNDERSTOOD.map((args) => [args]))('tells what is wrong with %j, and opens nothing', async (args) => {
    const { status, stdout, stderr } = await commandLine(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Usage: token-auth');
  });

  it('knows some commands', () => {
    expect(paths.length).toBeGreaterThan(20);
  });

  it.each(paths.map((path) => [path]))('helps with %j', async (path) => {
    const { status, stdout, stderr } = await commandLine([...path, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ${['token-auth', ...path].join(' ')}`);
  });

  it.each(places.filter(({ path, isGroup }) => path.length > 1 && !isGroup).map(({ path }) => [path]))(
    'has JSON for %j',
    async (path) => {
      expect((await commandLine([...path, '--help'])).stdout).toContain('--json');
    },
  );
});
