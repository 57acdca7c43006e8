/** Signing in at the identity provider of identity-provider.ts, with a console in memory. */
import { type CookieBrowser, locationOf } from './cookie-browser.ts';
import type { ProviderUser, TestIdentityProvider } from './identity-provider.ts';

/** Starts a sign-in. @returns the URL at the provider */
export async function start(browser: CookieBrowser, next?: string): Promise<string> {
  const query = next === undefined ? '' : `?${new URLSearchParams({ next })}`;
  return locationOf(await browser.get(`/login/sso${query}`));
}

/** Signs in. @returns the response of the callback */
export async function signOn(
  browser: CookieBrowser,
  provider: TestIdentityProvider,
  user: ProviderUser = { sub: 'sub-of-alice', email: 'alice@example.org' },
  next?: string,
): Promise<Response> {
  const url = await start(browser, next);
  return browser.get(pathOf(provider.authorize(url, user)), { 'Sec-Fetch-Site': 'cross-site' });
}

export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
