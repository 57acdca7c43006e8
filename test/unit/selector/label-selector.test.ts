import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from '../../../src/selector/label-selector.ts';
import { SelectorError } from '../../../src/selector/syntax.ts';
import { matchesLabels } from '../../support/matches-selector.ts';

const objects: Record<string, Record<string, string>> = {
  bare: {},
  empty: { app: '' },
  web: { app: 'web', tier: 'front', 'example.com/size': '5', in: 'notin' },
  db: { app: 'db', tier: 'back', 'example.com/size': '12' },
  odd: { app: 'in', constructor: 'x', 'example.com/size': '99999999999999999999' },
};

function matching(selector: string): string[] {
  const requirements = parseLabelSelector(selector);
  return Object.keys(objects).filter((name) => matchesLabels(requirements, objects[name] ?? {}));
}

describe('a label selector', () => {
  it.each([
    ['', ['bare', 'empty', 'web', 'db', 'odd']],
    [' \t\r\n', ['bare', 'empty', 'web', 'db', 'odd']],
    ['app', ['empty', 'web', 'db', 'odd']],
    ['!app', ['bare']],
    [' ! app ', ['bare']],
    ['app=web', ['web']],
    ['app == web', ['web']],
    ['app!=web', ['bare', 'empty', 'db', 'odd']],
    ['app=', ['empty']],
    ['app=,tier', []],
    ['app!=', ['bare', 'web', 'db', 'odd']],
    ['app in (web,db)', ['web', 'db']],
    ['app in(web)', ['web']],
    ['app in ()', ['empty']],
    ['app in (,)', ['empty']],
    ['app in (web,)', ['empty', 'web']],
    ['app in (,,web)', ['empty', 'web']],
    ['app in (web,,)', ['empty', 'web']],
    ['app notin (web, db)', ['bare', 'empty', 'odd']],
    ['app=in', ['odd']],
    ['in in (notin)', ['web']],
    ['in', ['web']],
    ['!notin,in', ['web']],
    ['tier,app!=db', ['web']],
    ['app=web,app=db', []],
    ['example.com/size>5', ['db']],
    ['example.com/size < 12', ['web']],
    ['example.com/size>00', ['web', 'db']],
    ['constructor', ['odd']],
    ['!toString', ['bare', 'empty', 'web', 'db', 'odd']],
    ['toString', []],
  ])('matches %j', (selector, expected) => {
    expect(matching(selector)).toEqual(expected);
  });

  it.each([
    ['=', 1, 'expected a label key'],
    [',', 1, 'expected a label key'],
    ['app,', 5, 'expected a label key'],
    ['app,,tier', 5, 'expected a label key'],
    ['!', 2, 'expected a label key'],
    ['!!app', 2, 'expected a label key'],
    ['!app=web', 5, 'expected a comma or the end'],
    ['app web', 5, 'expected an operator: =, ==, !=, in, notin, < or >'],
    ['app=web db', 9, 'expected a comma or the end'],
    ['app===web', 6, 'expected a value'],
    ['app=!web', 5, 'expected a value'],
    ['app in web', 8, 'expected an opening parenthesis'],
    ['app in', 7, 'expected an opening parenthesis'],
    ['app in (', 9, 'expected a value'],
    ['app in (web', 12, 'expected a comma or a closing parenthesis'],
    ['app in (web db)', 13, 'expected a comma or a closing parenthesis'],
    ['app in (web,,', 14, 'expected a value'],
    ['app IN (web)', 5, 'expected an operator: =, ==, !=, in, notin, < or >'],
    ['app)', 4, 'expected an operator: =, ==, !=, in, notin, < or >'],
    ['-app', 1, 'must be a label key, for example app or example.com/app'],
    ['a,b/c/d', 3, 'must be a label key, for example app or example.com/app'],
    ['/app', 1, 'must be a label key, for example app or example.com/app'],
    ['Example.com/app', 1, 'must be a label key, for example app or example.com/app'],
    ['ä', 1, 'must be a label key, for example app or example.com/app'],
    [`${'a'.repeat(64)}=b`, 1, 'must be a label key, for example app or example.com/app'],
    ['app>web', 5, 'must be a non-negative 64-bit integer'],
    ['app>', 5, 'must be a non-negative 64-bit integer'],
    ['app>9223372036854775808', 5, 'must be a non-negative 64-bit integer'],
    ['app\0', 4, 'NUL is not allowed'],
    [Array(101).fill('a').join(), 201, 'more than 100 requirements'],
  ])('rejects %j at character %d', (selector, at, rule) => {
    expect(() => parseLabelSelector(selector)).toThrow(new SelectorError(at - 1, rule));
  });

  it.each(['app=web-', 'app in (.web)', `app!=${'a'.repeat(64)}`, 'app=ä', 'app>-1', 'app=a:b'])(
    'rejects %j for its value, without repeating it',
    (selector) => {
      expect(() => parseLabelSelector(selector)).toThrow(
        /^at character \d+: must be a label value: at most 63 letters, digits, -, _ and \., starting and ending with a letter or digit$/,
      );
    },
  );

  it.each([
    `app=${'a'.repeat(63)}`,
    `${'a'.repeat(250)}.bc/x`,
    'a.b/c-d_e.f',
    'app=0',
    'A=B',
    'app<9223372036854775807',
  ])('accepts %j', (selector) => {
    expect(parseLabelSelector(selector)).toHaveLength(1);
  });

  it('treats a number that is too long for a label value as no number', () => {
    const above = parseLabelSelector('a>0');
    expect(matchesLabels(above, { a: '1'.padStart(63, '0') })).toBe(true);
    expect(matchesLabels(above, { a: '1'.padStart(64, '0') })).toBe(false);
  });
});
