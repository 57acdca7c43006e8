import { describe, expect, it } from 'vitest';
import { matchesFields, parseFieldSelector } from '../../../src/selector/field-selector.ts';
import { SelectorError } from '../../../src/selector/selector-error.ts';

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
  ])('%j', (selector, expected) => {
    expect(matching(selector)).toEqual(expected);
  });

  it.each([
    ['web', 1, 'expected a field, one of = == != and a value'],
    ['metadata.name=web,x', 19, 'expected a field, one of = == != and a value'],
    ['metadata.name=a=b', 16, '= in a value must have a \\ before it'],
    ['metadata.name===b', 16, '= in a value must have a \\ before it'],
    ['metadata.name=a\\', 16, 'a \\ must stand before a comma, = or \\'],
    ['metadata.name=a\\bc', 16, 'a \\ must stand before a comma, = or \\'],
    ['spec.replicas=1', 1, '"spec.replicas" is no field to select by, metadata.name and metadata.namespace are'],
    [' metadata.name=a', 1, '"?metadata.name" is no field to select by, metadata.name and metadata.namespace are'],
    ['a=b,=c', 1, '"a" is no field to select by, metadata.name and metadata.namespace are'],
    ['=a', 1, '"" is no field to select by, metadata.name and metadata.namespace are'],
    ['constructor=c', 1, '"constructor" is no field to select by, metadata.name and metadata.namespace are'],
    [Array(101).fill('metadata.name!=a').join(), 1701, '100 requirements at most'],
  ])('%j is refused at character %d', (selector, at, rule) => {
    expect(() => parseFieldSelector(selector, fields)).toThrow(new SelectorError(at - 1, rule));
  });
});
