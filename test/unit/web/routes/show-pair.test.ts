import { describe, expect, test } from 'vitest';
import { keyPair } from '../../../support/builders.ts';
import type { CookieBrowser } from '../../../support/cookie-browser.ts';
import {
  checkAgain,
  createKeyConsole,
  fieldsOf,
  hiddenFields,
  keysPath,
  submit,
  titleOf,
  withoutWaiting,
} from '../../../support/key-console.ts';

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

async function newKey(browser: CookieBrowser): Promise<Record<string, string>> {
  return { ...(await fieldsOf(browser, `${keysPath}/new`)), name: 'b', validity: 'permanent' };
}

describe('a pair that could not be shown yet', () => {
  test('is shown when the form that has requested it is sent again, once', async () => {
    withoutWaiting();
    const { cluster, signIn } = createKeyConsole();
    const browser = await signIn('token');
    const fields = await newKey(browser);
    const waiting = await submit(browser, `${keysPath}/new`, fields);
    expect([waiting.status, titleOf(waiting.page)]).toEqual([200, 'Your key is being created']);
    const reloaded = await submit(browser, `${keysPath}/new`, fields);
    expect([reloaded.status, titleOf(reloaded.page)]).toEqual([200, 'Your key is being created']);
    cluster.reconcile('b', keyPair(2));
    cluster.sync();
    expect((await submit(browser, `${keysPath}/new`, fields)).page).toContain(keyPair(2).sk);
    for (const page of [(await submit(browser, `${keysPath}/new`, fields)).page, await again(browser, waiting.page)]) {
      expect(page).not.toContain(keyPair(2).sk);
    }
    expect(cluster.accessKey.spec.keyPairs).toHaveLength(2);
  });

  test('can be checked again with the same page, until it was shown', async () => {
    withoutWaiting();
    const { cluster, signIn } = createKeyConsole();
    const browser = await signIn('token');
    const waiting = await submit(browser, `${keysPath}/new`, await newKey(browser));
    for (const _ of [1, 2]) expect(titleOf(await again(browser, waiting.page))).toBe('Your key is being created');
    cluster.reconcile('b', keyPair(2));
    cluster.sync();
    expect(await again(browser, waiting.page)).toContain(keyPair(2).sk);
    expect(titleOf(await again(browser, waiting.page))).toBe('Key created');
  });

  test('is shown after the API server was unavailable', async () => {
    const { cluster, signIn } = createKeyConsole();
    cluster.afterChange = () => {
      cluster.reconcile('b', keyPair(2));
      cluster.sync();
    };
    cluster.secretsFail = true;
    const browser = await signIn('token');
    const fields = await newKey(browser);
    const failed = await submit(browser, `${keysPath}/new`, fields);
    expect([failed.status, titleOf(failed.page)]).toEqual([503, 'Your key is ready']);
    expect(failed.page).toContain('The cluster is currently unavailable');
    const stillFailed = await checkAgain(browser, failed.page);
    expect(stillFailed.status).toBe(503);
    cluster.secretsFail = false;
    expect((await checkAgain(browser, stillFailed.page)).page).toContain(keyPair(2).sk);
    expect(titleOf((await submit(browser, `${keysPath}/new`, fields)).page)).toBe('Key created');
  });

  test('is not shown to another session, or after five minutes', async () => {
    withoutWaiting();
    const { cluster, signIn, advance } = createKeyConsole();
    const [browser, other] = [await signIn('token'), await signIn('token')];
    const waiting = await submit(browser, `${keysPath}/new`, await newKey(browser));
    cluster.reconcile('b', keyPair(2));
    cluster.sync();
    const fields = { ...hiddenFields(waiting.page, 'ticket'), ...(await fieldsOf(other, keysPath)) };
    expect((await submit(other, `${keysPath}/reveal`, fields)).status).toBe(409);
    advance(300_000);
    expect((await checkAgain(browser, waiting.page)).status).toBe(409);
  });
});

const again = async (browser: CookieBrowser, page: string) => (await checkAgain(browser, page)).page;
