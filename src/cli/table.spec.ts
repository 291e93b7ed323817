import { aligned, orDash, printable, table } from './table.js';

describe('table', () => {
  it('aligns what stands in one column, and ends no line with blanks', () => {
    expect(
      table(
        ['ID', 'NAME'],
        [
          ['1', 'one'],
          ['200', 'two hundred'],
        ],
      ),
    ).toBe('ID   NAME\n1    one\n200  two hundred');
  });

  it('is its headings where there is nothing', () => {
    expect(table(['ID', 'NAME'], [])).toBe('ID  NAME');
  });

  it('counts the columns of wide characters', () => {
    expect(
      table(
        ['NAME', 'ID'],
        [
          ['名前', '1'],
          ['x', '2'],
        ],
      ),
    ).toBe('NAME  ID\n名前  1\nx     2');
  });

  it('keeps a row on its line, whatever it holds', () => {
    expect(aligned([['Name', 'a\nb']])).toBe('Name  a\\u{a}b');
  });
});

describe('printable', () => {
  it.each([
    ['an escape sequence', '\u001b[2Jx', '\\u{1b}[2Jx'],
    ['a C1 control', '\u009b2Jx', '\\u{9b}2Jx'],
    ['a change of direction', 'a\u202eb', 'a\\u{202e}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['plain words in any script', 'dépl 名前', 'dépl 名前'],
  ])('shows %s', (_name, text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});

describe('orDash', () => {
  it.each([null, undefined, ''])('stands for %j', (text) => {
    expect(orDash(text)).toBe('-');
  });
});
