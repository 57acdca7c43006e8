import { describe, expect, it } from 'vitest';
import { parseFieldSelector } from '../../../src/selector/field-selector.ts';
import { SelectorError } from '../../../src/selector/syntax.ts';
import { matchesFields } from '../../support/matches-selector.ts';

const fields = ['metadata.name', 'metadata.namespace'] as const;
const objects = ['shop/web', 'shop/api', 'store/db', 'odd/a,b=c\\d'];

function matching(selector: string): string[] {
  const requirements = parseFieldSelector(selector, fields);
  return objects.filter((key) => {
    const [namespace = '', name = ''] = key.split('/');
    return matchesFields(requirements, { 'metadata.name': name, 'metadata.namespace': namespace });
  });
}

describe('a field selector', () => {
  it.each([
    ['', objects],
    [',', objects],
    ['=,!=,==', objects],
    ['metadata.name=web', ['shop/web']],
    ['metadata.name==web', ['shop/web']],
    ['metadata.name!=web', ['shop/api', 'store/db', 'odd/a,b=c\\d']],
    ['metadata.namespace=shop,metadata.name!=api', ['shop/web']],
    [',metadata.namespace=shop,,', ['shop/web', 'shop/api']],
    ['metadata.name=', []],
    ['metadata.name!=', objects],
    ['metadata.name= web', []],
    ['metadata.name=a\\,b\\=c\\\\d', ['odd/a,b=c\\d']],
    ['metadata.name=web,metadata.name=api', []],
  ])('matches %j', (selector, expected) => {
    expect(matching(selector)).toEqual(expected);
  });

  it.each([
    ['web', 1, 'expected a field, an operator (=, == or !=) and a value'],
    ['metadata.name=web,x', 19, 'expected a field, an operator (=, == or !=) and a value'],
    ['metadata.name=a=b', 16, 'unescaped = in a value'],
    ['metadata.name===b', 16, 'unescaped = in a value'],
    ['metadata.name=a\\', 16, 'invalid escape, \\ must precede a comma, = or \\'],
    ['metadata.name=a\\bc', 16, 'invalid escape, \\ must precede a comma, = or \\'],
    ['spec.replicas=1', 1, 'unsupported field "spec.replicas", must be metadata.name or metadata.namespace'],
    [' metadata.name=a', 1, 'unsupported field "?metadata.name", must be metadata.name or metadata.namespace'],
    ['a=b,=c', 1, 'unsupported field "a", must be metadata.name or metadata.namespace'],
    ['=a', 1, 'unsupported field "", must be metadata.name or metadata.namespace'],
    ['constructor=c', 1, 'unsupported field "constructor", must be metadata.name or metadata.namespace'],
    [Array(101).fill('metadata.name!=a').join(), 1701, 'more than 100 requirements'],
  ])('rejects %j at character %d', (selector, at, rule) => {
    expect(() => parseFieldSelector(selector, fields)).toThrow(new SelectorError(at - 1, rule));
  });
});
