import { expect, test } from 'vitest';
import { time } from '../../../../src/web/pages/components.ts';

test.each([
  [
    '2027-06-01T08:00:00Z',
    '<time datetime="2027-06-01T08:00:00.000Z" title="2027-06-01 08:00 UTC">2027-06-01 08:00 UTC</time>',
  ],
  ['2027-06-01T08:00:00+24:00', '2027-06-01T08:00:00+24:00'],
  [undefined, '<span class="faint">never</span>'],
  [Number.POSITIVE_INFINITY, '<span class="faint">never</span>'],
])('shows the time %s', (value, html) => expect(String(time(value, 'never'))).toBe(html));
