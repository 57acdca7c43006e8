import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenIssuing } from '../../../../src/http/token/issuing.ts';
import { keyPair } from '../../../support/builders.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../../../support/identity-provider.ts';
import { createSignOnConsole } from '../../../support/sign-on-in-memory.ts';

let provider: TestIdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(() => provider.stop());

const { ak, sk } = keyPair(1);
/** Sets the event of an authenticated or refused key pair, as that of the token endpoint does. */
const authenticate: TokenIssuing['authenticate'] = (context, pair) => {
  const isValid = pair.sk === sk;
  Object.assign(context.get('logFields'), { event: isValid ? 'pair.authenticated' : 'pair.refused' });
  const user = { id: 'uid', name: 'ann', groups: [] };
  const digest = Buffer.alloc(32);
  return isValid
    ? { ak, digest, state: 'Active', expiresAt: Number.POSITIVE_INFINITY, user, pairName: 'main' }
    : { retryAfterSeconds: 0 };
};

test.each([
  ['with a key pair', { ak, sk }, 'web.sign-in'],
  ['with a wrong sk', { ak, sk: 'x' }, 'web.sign-in-refused'],
  ['without an sk', { ak }, 'web.sign-in-refused'],
])('a sign-in %s is recorded as a sign-in', async (_, fields: Record<string, string>, event) => {
  const issue = () => Promise.reject(new Error('unused'));
  const dependencies = { tokenIssuing: { issue, issueFor: issue, authenticate } };
  const { browser, lines, singleSignOn } = createSignOnConsole({ provider, dependencies });
  await browser().post('/login', { method: 'pair', ...fields });
  expect(lines).toMatchObject([{ audit: true, event }]);
  await singleSignOn.provider.close();
});
