import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIdentityProvider, type TestIdentityProvider } from '../../support/identity-provider.ts';
import { createSignOnConsole } from '../../support/sign-on-in-memory.ts';

let provider: TestIdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(() => provider.stop());

test('an error before the language of the page is known has a page, and a log line without the URL', async () => {
  const { app, lines, singleSignOn } = createSignOnConsole({ provider });
  // The server rejects this host; see rejected-request.test.ts.
  const request = { url: 'http://10.0.0.256/login/callback?code=secret', method: 'GET', headers: new Headers() };
  const response = await app.fetch(request as unknown as Request);
  expect(response.status).toBe(500);
  expect(await response.text()).toMatch(/<html lang="en"[\s\S]*Action failed/);
  expect(lines).toMatchObject([
    { status: 500, error: 'TypeError ERR_INVALID_URL', stack: expect.stringContaining('preferences.ts') },
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret');
  await singleSignOn.provider.close();
});
