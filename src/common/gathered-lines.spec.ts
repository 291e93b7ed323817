import { setImmediate as turn } from 'node:timers/promises';
import { GatheredLines } from './gathered-lines.js';

function gather() {
  const written: string[] = [];
  const lines = new GatheredLines({ write: (text) => void written.push(text) });
  return { lines, written, end: process.listeners('exit').at(-1) as () => void };
}

describe('GatheredLines', () => {
  it('are written at once when the turn is over', async () => {
    const { lines, written } = gather();
    for (const line of ['a\n', 'b\n']) lines.write(line);
    expect(written).toEqual([]);
    await turn();
    lines.write('c\n');
    await turn();
    await turn();
    expect(written).toEqual(['a\nb\n', 'c\n']);
  });

  it('are written when the process ends within the turn', () => {
    const { lines, written, end } = gather();
    lines.write('a\n');
    end();
    expect(written).toEqual(['a\n']);
  });

  it('are not gathered without bound', () => {
    const { lines, written } = gather();
    for (let number = 0; number < 100; number += 1) lines.write('x'.repeat(1000));
    expect(written.length).toBeGreaterThan(0);
  });
});
