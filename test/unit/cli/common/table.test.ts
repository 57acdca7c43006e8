import { describe, expect, it } from 'vitest';
import { styleFor } from '../../../../src/cli/common/style.ts';
import { formatFields, formatRows, widthsOf } from '../../../../src/cli/common/table.ts';

const cells = (...texts: string[]) => texts.map((text) => ({ text }));

describe('formatRows', () => {
  it('aligns the columns with three spaces between them', () => {
    const rows = [cells('NAME', 'STATE'), cells('alice/main', 'Active')];
    expect(formatRows(rows, widthsOf(rows))).toEqual(['NAME         STATE', 'alice/main   Active']);
  });

  it('colors a cell without its padding', () => {
    const rows = [[{ text: 'a', color: (text: string) => `<${text}>` }, { text: 'b' }]];
    expect(formatRows(rows, [3, 1])).toEqual(['<a>     b']);
  });

  it('does not shorten a row that is longer than the widths', () => {
    expect(formatRows([cells('long', 'b')], [1, 1])).toEqual(['long   b']);
  });
});

describe('formatFields', () => {
  it('aligns the values', () => {
    expect(
      formatFields([
        ['Name', { text: 'a' }],
        ['User', { text: 'b' }],
        ['Last Used', { text: 'c' }],
      ]),
    ).toEqual(['Name:       a', 'User:       b', 'Last Used:  c']);
  });
});

describe('a text with control characters', () => {
  const text = 'a\u001b[2J\u009b2Jb\u202e\n';
  const shown = 'a?[2J?2Jb??';

  it('does not reach the terminal from a table', () => {
    expect(formatRows([cells('x', text)], [1, 1])).toEqual([`x   ${shown}`]);
  });

  it('does not reach the terminal from a list of fields', () => {
    expect(formatFields([['User', { text }]])).toEqual([`User:  ${shown}`]);
  });
});

describe('styleFor', () => {
  const output = (isTerminal: boolean) => ({ isTerminal, write: () => {} });
  it.each([
    [true, {}, '\u001b[32mx\u001b[39m'],
    [false, {}, 'x'],
    [true, { NO_COLOR: '1' }, 'x'],
    [true, { TERM: 'dumb' }, 'x'],
  ])('has colors only on a terminal and without NO_COLOR', (isTerminal, env, text) => {
    expect(styleFor(output(isTerminal), { env })('green', 'x')).toBe(text);
  });
});
