import { Hono } from 'hono';
import { loadAssets } from './common/assets.ts';
import { ConsoleError } from './common/console-error.ts';
import { homePath } from './common/paths.ts';
import { createStreams } from './common/streams.ts';
import type { View } from './common/view.ts';
import { createNamespaces } from './keys/first-key.ts';
import type { ErrorPage } from './pages/layout.ts';
import { settingsPath } from './pages/settings.ts';
import { addAccessKeyRoutes } from './routes/access-keys.ts';
import { addBackChannelLogoutRoute } from './routes/back-channel-logout.ts';
import { createContinuedSessions } from './routes/continued-session.ts';
import type { ConsoleDependencies, ConsoleEnvironment, ConsoleOptions } from './routes/dependencies.ts';
import { addDeploymentRoute } from './routes/deployment.ts';
import { addDeploymentRoutes } from './routes/deployments.ts';
import { addDocsRoute } from './routes/docs.ts';
import { addEditPairRoutes } from './routes/edit-pair.ts';
import { createVisitorRecognition, isSessionEnded, rejectOtherSites, requireVisitor } from './routes/guard.ts';
import { addInventoryRoute } from './routes/inventory.ts';
import { addNewPairRoutes } from './routes/new-pair.ts';
import { preferences, viewOf } from './routes/preferences.ts';
import { addProfileRoutes } from './routes/profile.ts';
import { createProxySessions, rejectedProxyToken } from './routes/proxy-session.ts';
import { redirectToSignIn } from './routes/redirect-to-sign-in.ts';
import { securityHeaders } from './routes/security-headers.ts';
import { createSessions } from './routes/sessions.ts';
import { addSettingsRoute } from './routes/settings.ts';
import { addShowPairRoutes, createPairDisplay } from './routes/show-pair.ts';
import { addSignInRoutes } from './routes/sign-in.ts';
import { addSignOutRoutes } from './routes/sign-out.ts';
import { addStreamRoutes } from './routes/streams.ts';
import { createUnhandledPages, showError, type UnhandledPages } from './routes/unhandled.ts';
import { addUseRoutes } from './routes/use-keys.ts';
import { createSessionCookie } from './session/cookie.ts';
import { createFlash } from './session/flash.ts';
import { createShownPairs } from './show-once/shown-pairs.ts';
import { createTickets } from './show-once/ticket.ts';
import { createSessionCheck } from './visitor/visitor.ts';

/** The web console, in which people manage their access keys. */
export interface Console {
  /** Mounted at the root, beside the platform API, whose middleware logs the requests. */
  app: Hono<ConsoleEnvironment>;
  /** Pages for unknown paths and for errors outside the routes of the console. */
  unhandled: UnhandledPages;
  /** Ends the event streams, which would otherwise stay open. */
  close(): void;
}

/** Paths that need no session, and paths that do. */
const publicPaths = ['/', '/login', '/login/sso', '/login/callback', '/login/signed-out', '/docs'];
const sessionPaths = ['/logout', '/personal-center/*', '/deployments/*', settingsPath];

export function createConsole(dependencies: ConsoleDependencies): Console {
  const { options, caches, now } = dependencies;
  const app = new Hono<ConsoleEnvironment>();
  const assets = loadAssets();
  const cookie = createSessionCookie(options.secure);
  const sessions = createSessions(dependencies, cookie);
  const sealing = { secure: options.secure, sessionKeys: dependencies.sessionKeys, now };
  const flash = createFlash(sealing);
  const streams = createStreams(caches, now);
  const namespaces = createNamespaces(caches);
  const shownPairs = createShownPairs(sealing);
  const tickets = createTickets(now);
  const continuedSessions = createContinuedSessions(dependencies, { shownPairs, tickets, sessions });
  const display = createPairDisplay(dependencies, { shownPairs, tickets, continuedSessions });
  for (const path of [...publicPaths, ...sessionPaths]) {
    app.use(path, securityHeaders(), preferences(assets, options.secure), rejectOtherSites(dependencies));
  }
  const proxySessions = createProxySessions(dependencies);
  const visiting = { cookie, flash, sessions, proxySessions, continuedSessions };
  const visitorGuard = requireVisitor(dependencies, visiting);
  for (const path of sessionPaths) app.use(path, visitorGuard);
  assets.addRoutes(app);
  const recognizeVisitor = createVisitorRecognition(dependencies, { sessions, proxySessions });
  app.use('/docs', async (context, next) => {
    await recognizeVisitor(context);
    return next();
  });
  addDocsRoute(app);
  app.get('/', (context) => context.redirect(homePath, 303));
  addSignInRoutes(app, { dependencies, flash, sessions, proxySessions });
  const onSignOut = (sessionId: string) => {
    sessions.end(sessionId);
    streams.signedOut(sessionId);
  };
  if (dependencies.singleSignOn) addBackChannelLogoutRoute(app, dependencies.singleSignOn);
  addSignOutRoutes(app, { dependencies, cookie, flash, onSignOut });
  app.get('/personal-center', (context) => context.redirect(homePath, 303));
  addProfileRoutes(app);
  addNewPairRoutes(app, dependencies, { namespaces, display });
  addEditPairRoutes(app, dependencies, flash);
  addShowPairRoutes(app, display);
  const streaming = { streams, hasEnded: createSessionCheck(dependencies), endOf: sessions.endOf };
  addStreamRoutes(app, streaming);
  addAccessKeyRoutes(app, dependencies, { namespaces, display, flash });
  addInventoryRoute(app, dependencies);
  addUseRoutes(app, dependencies);
  addDeploymentRoutes(app, dependencies, streaming);
  addDeploymentRoute(app, dependencies, streaming);
  addSettingsRoute(app, dependencies);
  app.onError((error, context) => {
    // After an error in the middleware above, there is no view.
    if (!context.get('view')) context.set('view', viewOf(context, assets));
    const visitor = context.get('visitor');
    const isEnded = isSessionEnded(error, visitor);
    if (isEnded && visitor?.session.kind !== 'proxy') return redirectToSignIn(context, { cookie, flash });
    const shown = isEnded ? rejectedProxyToken(context) : error;
    return showError(shown, context, proxySignOut(shown, context.get('view'), options));
  });
  return { app, unhandled: createUnhandledPages(assets, recognizeVisitor), close: streams.close };
}

/** @returns the link to sign out at the proxy if the cluster rejects its token: the proxy may then request a new one */
function proxySignOut(error: Error, { t }: View, { authenticatingProxy }: ConsoleOptions): ErrorPage['action'] {
  const isRejected = error instanceof ConsoleError && error.key === 'rejectedProxyToken';
  const { signOutUrl } = authenticatingProxy ?? {};
  return isRejected && signOutUrl !== undefined ? { href: signOutUrl, label: t('signOut') } : undefined;
}
