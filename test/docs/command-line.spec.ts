import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { createProgram } from '../../src/cli/program.js';
import { commandLine } from '../support/command-line.js';

const [introduction = '', reference = ''] = readFileSync(`${__dirname}/../../docs/command-line.md`, 'utf8').split(
  '<!-- commands -->',
);

const wordsOf = (command: Command, words: string[] = []): string[][] => [
  words,
  ...command.commands.flatMap((child) => wordsOf(child, [...words, child.name()])),
];
const commands = wordsOf(createProgram({ out: () => undefined, err: () => undefined, read: async () => '' }));

describe('docs/command-line.md', () => {
  it('has the help of every command as it is, and of no other ("npm run docs" writes it)', async () => {
    const told = [...reference.matchAll(/^## `(.+)`\n\n```text\n([^]*?)\n```$/gm)].map(([, name, help]) => ({
      name,
      help,
    }));
    const real = await Promise.all(
      commands.map(async (words) => ({
        name: ['token-auth', ...words].join(' '),
        help: (await commandLine([...words, '--help'])).stdout.trim(),
      })),
    );
    expect(told).toEqual(real);
  });

  it('shows only commands and options that there are', () => {
    const shown = [...introduction.matchAll(/token-auth ((?:identities|tokens|doctor)[^|)`\n]*)/g)].map(
      ([, line = '']) => line.trim(),
    );
    expect(shown.length).toBeGreaterThan(3);
    const wrong = shown.filter((line) => {
      const words = commands.findLast((candidate) => line.startsWith(candidate.join(' '))) ?? [];
      const section =
        reference.split(/^## /m).find((text) => text.startsWith(`\`${['token-auth', ...words].join(' ')}\``)) ?? '';
      return words.length === 0 || [...line.matchAll(/--[\w-]+/g)].some(([option]) => !section.includes(option));
    });
    expect(wrong).toEqual([]);
  });
});
