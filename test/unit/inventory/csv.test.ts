import { describe, expect, it } from 'vitest';
import { csvChunks } from '../../../src/inventory/csv.ts';
import { accessKey, known, now } from '../../support/builders.ts';

const header =
  'namespace,accessKey,keyPair,user,groups,state,ak,createdAt,ageDays,lastUsedAt,lastClientAddress,expiresAt,' +
  'nextRotationAt,lastChangedAt,lastChangedBy,lastChangedWith';

function linesOf(parts: Parameters<typeof accessKey>[0], count = 1): string[] {
  const entry = { accessKey: known(parts, {}), pair: { name: 'main' } };
  return [...csvChunks(Array(count).fill(entry), now)].join('').split('\r\n');
}
/** @returns the cells of the user and of the groups */
const cells = (user: string, groups: string[] = []) =>
  linesOf({ user, groups })[1]?.match(/^shop,ann,main,(.*),Active,aaaaaaaa-/s)?.[1];

describe('csvChunks', () => {
  it('starts with the names of the columns and ends each line with CRLF', () => {
    expect(linesOf({})).toEqual([
      header,
      'shop,ann,main,ann,,Active,aaaaaaaa-0000-4000-8000-000000000001,2025-12-31T23:30:00Z,0,,,,,2025-12-31T23:00:00Z,,',
      '',
    ]);
  });

  it('has only the names of the columns if there are no key pairs', () => {
    expect([...csvChunks([], now)].join('')).toBe(`${header}\r\n`);
  });

  it('creates the rows in chunks', () => {
    expect(linesOf({}, 2_500)).toHaveLength(2_502);
    const chunks = [...csvChunks(Array(2_500).fill({ accessKey: accessKey(), pair: { name: 'main' } }), now)];
    expect(Math.max(...chunks.map((one) => one.length))).toBeLessThan(100_000);
  });

  it.each([
    ['a comma', 'miller, ann', '"miller, ann",'],
    ['a quotation mark', 'ann "a" miller', '"ann ""a"" miller",'],
    ['a semicolon', 'ann;x', '"ann;x",'],
    ['other text unchanged', 'oidc:ann-x+1=@example.com', 'oidc:ann-x+1=@example.com,'],
  ])('quotes as in RFC 4180: %s', (_, user, expected) => {
    expect(cells(user)).toBe(expected);
  });

  it.each([
    ['=cmd|x', "'=cmd|x,"],
    ['+1', "'+1,"],
    ['-1', "'-1,"],
    ['@SUM(1)', "'@SUM(1),"],
    ['  =1', "'  =1,"],
    ['\t=1', "'\t'=1,"],
    ['\r=1', `"'\r'=1",`],
    ['＝1', "'＝1,"],
    ['a;=1', `"a;'=1",`],
    ['a, =1', `"a,' =1",`],
    ['"=1', `"""'=1",`],
    ['a|@x', "a|'@x,"],
  ])('neutralizes %j, which a spreadsheet would execute', (user, expected) => {
    expect(cells(user)).toBe(expected);
  });

  it('separates groups with semicolons and neutralizes each', () => {
    expect(cells('ann', ['dev', '=1', 'ops'])).toBe(`ann,"dev;'=1;ops"`);
  });

  it('leaves no separator before a character that starts a formula, whatever the text is', () => {
    const alphabet = [...'=+-@＝;,|" a\'\t'];
    for (let n = 0; n < 20_000; n += 1) {
      const user = Array.from(
        { length: 1 + (n % 7) },
        (_, i) => alphabet[(n * 7 + i * i * 31 + n * i) % alphabet.length],
      );
      const cell = cells(user.join('')) ?? '';
      expect(cell.replaceAll('""', '"').replace(/^"|",$/g, '')).not.toMatch(/(^|[;,|"\t])\s*[=+\-@＝]/);
    }
  });
});
