import Table from 'cli-table3';

/** Columns for people, without lines between them. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return aligned([headings, ...rows]);
}

/** The same without headings: names and what they stand for, say. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const grid = new Table({
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  grid.push(...rows.map((row) => row.map(printable)));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right']
    .flatMap((side) => [side, `${side}-mid`])
    .concat('top-left', 'top-right', 'bottom-left', 'bottom-right', 'mid', 'left-mid', 'mid-mid', 'right-mid')
    .map((part) => [part, '']),
);

/** Names come from whoever gave them: what would steer a terminal, or pass for something else, is shown by its number. */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );

export const orDash = (text: string | null | undefined): string =>
  text === null || text === undefined || text === '' ? '-' : text;
