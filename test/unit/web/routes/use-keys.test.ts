import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenIssuing } from '../../../../src/http/token/issuing.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../../../support/identity-provider.ts';
import { signOn } from '../../../support/provider-sign-on.ts';
import { createSignOnConsole } from '../../../support/sign-on-in-memory.ts';

const path = '/personal-center/use';
let provider: TestIdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(() => provider.stop());

test.each([
  [0, 403, null],
  [7, 429, '7'],
])(
  'a wrong key pair with %i seconds to wait is a %i: the visitor is signed in',
  async (seconds, status, retryAfter) => {
    const refused = async () => ({ retryAfterSeconds: seconds }) as const;
    const tokenIssuing = { issue: refused } as unknown as TokenIssuing;
    const site = createSignOnConsole({ provider, dependencies: { tokenIssuing } });
    const browser = site.browser();
    await signOn(browser, provider);
    const [, form_token = ''] = /name="form_token" value="([^"]+)"/.exec(await (await browser.get(path)).text()) ?? [];
    const response = await browser.post(path, { form_token, ak: 'x', sk: 'y' });
    expect([response.status, response.headers.get('Retry-After')]).toEqual([status, retryAfter]);
    await site.singleSignOn.provider.close();
  },
);
