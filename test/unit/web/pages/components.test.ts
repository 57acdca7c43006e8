import { expect, test } from 'vitest';
import { imageNames, time } from '../../../../src/web/pages/components.ts';

test.each([
  [
    '2027-06-01T08:00:00Z',
    '<time datetime="2027-06-01T08:00:00.000Z" title="2027-06-01 08:00 UTC">2027-06-01 08:00 UTC</time>',
  ],
  ['2027-06-01T08:00:00+24:00', '2027-06-01T08:00:00+24:00'],
  [undefined, '<span class="faint">never</span>'],
  [Number.POSITIVE_INFINITY, '<span class="faint">never</span>'],
])('shows the time %s', (value, html) => expect(String(time(value, 'never'))).toBe(html));

test('the name of an image breaks at its separators', () => {
  const images = ['registry.example.org:5000/shop/web@sha256:0f', 'nginx'];
  expect(String(imageNames(images))).toBe(
    '<code>registry.example.org:<wbr>5000/<wbr>shop/<wbr>web@<wbr>sha256:<wbr>0f, nginx</code>',
  );
});
