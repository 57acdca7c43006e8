import { expect, test } from 'vitest';
import { downloadOf } from '../../../../src/web/keys/downloads.ts';
import { keyPair } from '../../../support/builders.ts';

test('a pair can be downloaded in each format', () => {
  const location = { name: 'ci', namespace: 'people', secret: 'alice-ci' };
  const { ak, sk } = keyPair();
  const json = downloadOf('json', { ak, sk }, location);
  expect([json.file, JSON.parse(json.text)]).toEqual(['access-key-ci.json', { name: 'ci', ak, sk }]);
  expect(downloadOf('env', { ak, sk }, location).text).toBe(`ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`);
  expect(downloadOf('secret', { ak, sk }, location).text).toContain(`  ak: ${ak}\n  sk: ${sk}\n`);
});
