import { describe, expect, test } from 'vitest';
import { keyPair } from '../../../support/builders.ts';
import { createKeyConsole, fieldsOf, keysPath } from '../../../support/key-console.ts';

/** Creates the key b, which the operator provides at once. @returns the page that shows it */
async function shownPage(): Promise<string> {
  const { cluster, signIn } = createKeyConsole();
  cluster.afterChange = () => {
    cluster.reconcile('b', keyPair(2));
    cluster.sync();
  };
  const browser = await signIn('token');
  const fields = { ...(await fieldsOf(browser, `${keysPath}/new`)), name: 'b', validity: 'permanent' };
  return (await browser.post(`${keysPath}/new`, fields)).text();
}

describe('the page that shows a pair', () => {
  test('contains the files, so that downloading them needs neither the server nor the session', async () => {
    const links = (await shownPage()).matchAll(/href="data:([^"]*);base64,([^"]*)" download="([^"]*)"/g);
    const files = [...links].map(([, type, data = '', file]) => [file, type, Buffer.from(data, 'base64').toString()]);
    const { ak, sk } = keyPair(2);
    expect(files).toEqual([
      ['access-key-b.json', 'application/json', `${JSON.stringify({ name: 'b', ak, sk }, null, 2)}\n`],
      ['access-key-b.env', 'text/plain; charset=utf-8', `ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`],
      ['access-key-b.yaml', 'application/yaml', expect.stringContaining(`  sk: ${sk}\n`)],
    ]);
  });

  test('stays open while the pair is tried', async () => {
    expect(await shownPage()).toContain('action="/personal-center/use" target="_blank"');
  });
});
