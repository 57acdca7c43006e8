import { expect, test } from 'vitest';
import { createKeyConsole, fieldsOf, keysPath, submit, titleOf } from '../../../support/key-console.ts';

test('a form from before signing in again leads to its page, where the script restores the input', async () => {
  const { cluster, signIn } = createKeyConsole();
  const browser = await signIn('token');
  const forms = ['new', 'main/edit', 'main/rotate', 'main/delete', 'main/revoke'].map((path) => `${keysPath}/${path}`);
  const opened = await Promise.all(forms.map(async (path) => [path, await fieldsOf(browser, path)] as const));
  await browser.post('/login', { method: 'token', token: 'ann' });
  for (const [path, fields] of opened) {
    const response = await browser.post(path, { ...fields, name: 'b', validity: 'permanent' });
    expect([response.status, response.headers.get('Location')]).toEqual([303, path]);
    expect((await browser.get(path)).status).toBe(200);
  }
  expect(cluster.accessKey.metadata.generation).toBe(1);
});

test('a fragment names the session for which it was rendered, as its page does', async () => {
  const { signIn } = createKeyConsole();
  const browser = await signIn('token');
  const sessionOf = async () => /data-session="([^"]+)"/.exec(await (await browser.get(keysPath)).text())?.[1];
  const fragmentOf = async () => (await browser.get(`${keysPath}?fragment=1`)).headers.get('Accesskey-Session');
  const former = await sessionOf();
  expect(await fragmentOf()).toBe(former);
  await browser.post('/login', { method: 'token', token: 'ann' });
  expect(await fragmentOf()).not.toBe(former);
  expect(await fragmentOf()).toBe(await sessionOf());
});

test('a button from before signing in again does nothing', async () => {
  const { cluster, signIn } = createKeyConsole();
  const browser = await signIn('token');
  const fields = await fieldsOf(browser, keysPath);
  await browser.post('/login', { method: 'token', token: 'ann' });
  const { status, page } = await submit(browser, `${keysPath}/main/disable`, fields);
  expect([status, titleOf(page)]).toEqual([403, 'Action failed']);
  expect(page).toContain('This form does not belong to your current session.');
  expect(cluster.accessKey.metadata.generation).toBe(1);
});
