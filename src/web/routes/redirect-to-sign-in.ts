import { challenge } from '../common/challenges.ts';
import type { SessionCookie } from '../session/cookie.ts';
import type { Flash } from '../session/flash.ts';
import { isScriptRequest, type PageContext } from './dependencies.ts';

/** The cookies that change when a session has ended. */
export interface SignedOutCookies {
  cookie: SessionCookie;
  flash: Flash;
}

/**
 * Redirects to the sign-in page. Requests from the script of a page (fragment, event stream) get status 401 instead. They
 * keep the cookie: another tab of the session may still wait for the pair that continues it.
 *
 * @param isPending whether another tab does, so that also other requests keep the cookie
 */
export async function redirectToSignIn(
  context: PageContext,
  { cookie, flash }: SignedOutCookies,
  isPending = false,
): Promise<Response> {
  if (cookie.read(context) !== undefined) await flash.write(context, { key: 'sessionEnded' });
  if (context.req.method === 'GET' && isScriptRequest(context)) {
    challenge(context, 'signIn');
    return context.text('signed out', 401);
  }
  if (!isPending) cookie.remove(context);
  const next = context.req.method === 'GET' ? context.get('view').path : formPageOf(context.req.path);
  return context.redirect(next === undefined ? '/login' : `/login?${new URLSearchParams({ next })}`, 303);
}

/** @returns the page with the form that was sent, which has the same path, or undefined for a button of the table */
export function formPageOf(path: string): string | undefined {
  return /^\/personal-center\/access-keys\/(?:new|[\w-]+\/(?:edit|rotate|delete|revoke))$/.test(path)
    ? path
    : undefined;
}
