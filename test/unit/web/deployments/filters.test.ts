import { describe, expect, it } from 'vitest';
import { nextSort, queryOf, readFilters } from '../../../../src/web/deployments/filters.ts';

const defaults = readFilters({});

describe('the filters in the URL', () => {
  it.each([
    ['', { ...defaults }],
    [
      '?search=web&state=Running&namespace=shop&cluster=west',
      { search: 'web', state: 'Running', namespace: 'shop', cluster: 'west' },
    ],
    ['?sort=-created&size=50&page=3', { sort: { by: 'created', descending: true }, pageSize: 50, page: 3 }],
    ['?sort=name', { sort: { by: 'name', descending: false } }],
    ['?sort=images&size=1000&page=0&state=Lost', { ...defaults }],
    ['?sort=-&size=&page=-1&state=', { ...defaults }],
    ['?page=99999999999999999999', { ...defaults, page: 999_999 }],
  ])('%s', (query, expected) => {
    expect(readFilters(Object.fromEntries(new URLSearchParams(query)))).toMatchObject(expected);
  });

  it.each(['', '?search=a+b&state=Stopped', '?namespace=shop&sort=-name&size=100&page=2'])(
    '%s is written again',
    (query) => {
      expect(queryOf(readFilters(Object.fromEntries(new URLSearchParams(query))))).toBe(query);
    },
  );

  it('leaves out the default order, page size and page', () => {
    expect(queryOf(readFilters({ sort: 'namespace', size: '20', page: '1' }))).toBe('');
    expect(queryOf(readFilters({ sort: '-namespace' }))).toBe('?sort=-namespace');
  });
});

it('a second click on a header reverses the order', () => {
  const first = nextSort(defaults.sort, 'name');
  expect([first, nextSort(first, 'name'), nextSort(first, 'state')]).toEqual([
    { by: 'name', descending: false },
    { by: 'name', descending: true },
    { by: 'state', descending: false },
  ]);
});
