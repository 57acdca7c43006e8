import type { Hono } from 'hono';
import { homePath } from '../common/paths.ts';
import { providerSignOut } from '../oidc/provider-sign-out.ts';
import { providerSignOutPage } from '../pages/provider-sign-out.ts';
import type { SessionCookie } from '../session/cookie.ts';
import type { Flash } from '../session/flash.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { contentSecurityPolicy } from './security-headers.ts';

export interface SignOutOptions {
  dependencies: Pick<ConsoleDependencies, 'singleSignOn'>;
  cookie: SessionCookie;
  flash: Flash;
  /** Called when a session is signed out. */
  onSignOut(sessionId: string): void;
}

/** Ends the session, and with single sign-on also the one at the identity provider. */
export function addSignOutRoutes(
  app: Hono<ConsoleEnvironment>,
  { dependencies: { singleSignOn }, cookie, flash, onSignOut }: SignOutOptions,
): void {
  app.post('/logout', async (context) => {
    const session = context.get('session');
    onSignOut(session.id);
    // The console cannot end the session of a proxy: its pages have a link to the proxy instead of this form.
    if (session.kind === 'proxy') return context.redirect(homePath, 303);
    Object.assign(context.get('logFields'), { audit: true, event: 'web.sign-out' });
    cookie.remove(context);
    // Also removes the copies of pages that other tabs have cached.
    context.header('Clear-Site-Data', '"cache"');
    const isSignedOn = session.kind !== 'pair' && session.sso !== undefined;
    const form = isSignedOn && singleSignOn ? await providerSignOut(singleSignOn, session.token) : undefined;
    await flash.write(context, { key: 'signedOut' });
    if (!form) return context.redirect('/login', 303);
    allowForm(context, form.action);
    const view = { ...context.get('view'), account: undefined };
    return context.html(providerSignOutPage(view, form));
  });

  // The provider redirects here. Providers compare the whole URL with the registered one, so it has no query.
  app.get('/login/signed-out', (context) => context.redirect('/login', 303));
}

/** Lets the page send its form to the origin of the provider. */
function allowForm(context: PageContext, action: string): void {
  context.header('Content-Security-Policy', contentSecurityPolicy({ formTarget: new URL(action).origin }));
}
