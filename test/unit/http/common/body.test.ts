import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonEntries } from '../../../../src/http/common/body.ts';

describe('jsonEntries', () => {
  it('returns the members of any JSON object', () => {
    const members = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.constant(null)));
    fc.assert(
      fc.property(members, fc.constantFrom(undefined, ' ', '\t'), (object, space) => {
        expect(jsonEntries(JSON.stringify(object, null, space))).toEqual(Object.entries(object));
      }),
    );
  });

  it('skips nested values of any form', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = `{ "a": ${JSON.stringify({ value })}, "b": ${JSON.stringify([value])} ,"c":"d"}`;
        expect(jsonEntries(text)).toEqual([
          ['a', JSON.parse(JSON.stringify({ value }))],
          ['b', {}],
          ['c', 'd'],
        ]);
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', ['a', 'a']],
    ['{"a":1,"\\u0061":2}', ['a', 'a']],
    ['{"a":{"b":1},"b":"{\\"b\\":1"}', ['a', 'b']],
    ['{"a\\"":1, "a\\\\" : 2}', ['a"', 'a\\']],
    [' \n{ } \r\n', []],
    ['{"__proto__":1}', ['__proto__']],
  ])('returns the names in %s, including repeated ones', (text, names) => {
    expect(jsonEntries(text).map(([name]) => name)).toEqual(names);
  });

  it.each([
    ['many names', `{${Array.from({ length: 8_000 }, (_, n) => `"${n}":1`)}}`, 8_000],
    ['a repeated name', `{${Array(9_000).fill('"a":1')}}`, 9_000],
    ['a deeply nested list', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 1],
    ['a deeply nested object', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 1],
    ['a long string of escapes', `{"a":"${'\\"'.repeat(30_000)}"}`, 1],
    ['a long space', `{"a"${' '.repeat(60_000)}:1}`, 1],
  ])('reads 64 KiB with %s', (_, text, count) => {
    // bench/parsers.ts checks that the cost is linear.
    expect(jsonEntries(text)).toHaveLength(count);
  });
});
