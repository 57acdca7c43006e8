import { expect, test } from 'vitest';
import { createKeyConsole, fieldsOf, hiddenFields, keysPath, submit, titleOf } from '../../../support/key-console.ts';

const disablePath = `${keysPath}/main/disable`;

test('disabling the pair with which the person is signed in needs a confirmation', async () => {
  const { cluster, signIn } = createKeyConsole();
  cluster.afterChange = cluster.sync;
  const browser = await signIn('pair');
  const { status, page } = await submit(browser, disablePath, await fieldsOf(browser, keysPath));
  expect([status, titleOf(page)]).toEqual([200, 'Disable main?']);
  expect(page).toContain('You are signed in with this key, so you will be signed out.');
  expect(page).not.toContain('used within the last hour');
  expect(cluster.accessKey.spec.keyPairs?.[0]?.enabled).toBeUndefined();
  const confirmed = hiddenFields(page, 'form_token', 'form_id', 'generation', 'confirmed');
  expect((await submit(browser, disablePath, confirmed)).status).toBe(303);
  expect(cluster.accessKey.spec.keyPairs?.[0]?.enabled).toBe(false);
});

test('disabling another pair that is not in use needs none', async () => {
  const { cluster, signIn } = createKeyConsole();
  const browser = await signIn('token');
  expect((await submit(browser, disablePath, await fieldsOf(browser, keysPath))).status).toBe(303);
  expect(cluster.accessKey.spec.keyPairs?.[0]?.enabled).toBe(false);
});
