import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { createProgram } from '../../src/cli/program.js';

const page = readFileSync(`${__dirname}/../../docs/command-line.md`, 'utf8');

const commandsOf = (command: Command, words: string[] = []): { words: string; command: Command }[] =>
  command.commands.flatMap((child) => {
    const path = [...words, child.name()];
    return [{ words: path.join(' '), command: child }, ...commandsOf(child, path)];
  });
const commands = commandsOf(createProgram({ out: () => undefined, err: () => undefined, read: async () => '' }));
const leaves = commands.filter(({ command }) => command.commands.length === 0).map(({ words }) => words);

/** The commands of the table; `a|b` in a row stands for one command each. */
const listed = [...page.matchAll(/^\| `([^`]+)` /gm)].flatMap(([, line = '']) => {
  const [words = ''] = line.replaceAll('\\|', '|').split(/ (?=[[<-])/);
  const parts = words.split(' ');
  const last = parts.pop() ?? '';
  return last.split('|').map((name) => [...parts, name].join(' '));
});

describe('docs/command-line.md', () => {
  it('lists every command', () => {
    expect(leaves.filter((words) => !listed.includes(words))).toEqual([]);
  });

  it('shows only commands and options that exist', () => {
    const shown = [...page.matchAll(/token-auth ((?:identities|tokens|doctor|keys|bootstrap)[^|)`\n]*)/g)].map(
      ([, line = '']) => line.trim(),
    );
    expect(shown.length).toBeGreaterThan(3);
    const wrong = shown.filter((line) => {
      const found = commands.findLast(({ words }) => line.startsWith(words));
      const options = found?.command.options.map(({ long }) => long) ?? [];
      return (
        !found || [...line.matchAll(/--[\w-]+/g)].some(([option]) => option !== '--help' && !options.includes(option))
      );
    });
    expect(wrong).toEqual([]);
  });
});
