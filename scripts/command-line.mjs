// Writes the help of every command into docs/command-line.md, below its mark. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../dist/src/cli/commands.js';
import { createProgram } from '../dist/src/cli/program.js';

const MARK = '<!-- commands -->';
const path = fileURLToPath(new URL('../docs/command-line.md', import.meta.url));

const helpOf = async (words) => {
  let text = '';
  await runCommand([...words, '--help'], { out: (more) => (text += more), err: () => {}, read: async () => '' });
  return `## \`${['token-auth', ...words].join(' ')}\`\n\n\`\`\`text\n${text.trim()}\n\`\`\`\n`;
};
const wordsOf = (command, words = []) => [
  words,
  ...command.commands.flatMap((child) => wordsOf(child, [...words, child.name()])),
];

const program = createProgram({ out: () => {}, err: () => {}, read: async () => '' });
const helps = await Promise.all(wordsOf(program).map(helpOf));
const [introduction] = readFileSync(path, 'utf8').split(MARK);
writeFileSync(path, `${introduction}${MARK}\n\n${helps.join('\n')}`);
