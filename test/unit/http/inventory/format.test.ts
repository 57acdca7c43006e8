import { expect, it } from 'vitest';
import { formatOf } from '../../../../src/http/inventory/format.ts';

it.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['application/json, text/csv', 'json'],
  ['text/html', 'json'],
  ['text/csv;q=0', 'json'],
  ['text/csv;q=x', 'json'],
  ['text/csv;q=0.5, application/json;q=0.6', 'json'],
  ['text/csv, application/json;q=0.9', 'csv'],
  ['text/csv', 'csv'],
  ['TEXT/CSV; header=present', 'csv'],
  ['text/*', 'csv'],
  ['text/csv, */*', 'csv'],
  ['text/csv;q=0.2, */*;q=0.1', 'csv'],
  ['text/csv;q=0.1, */*', 'json'],
])('Accept: %s selects %s', (accept, format) => {
  expect(formatOf(undefined, accept)).toBe(format);
});

it('prefers the parameter to the Accept header', () => {
  expect(formatOf('json', 'text/csv')).toBe('json');
  expect(formatOf('csv', 'application/json')).toBe('csv');
});
