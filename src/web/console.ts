import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { PlatformError } from '../http/common/errors.ts';
import { toPlatformError } from '../http/common/unexpected-error.ts';
import { isStatus } from '../kube/errors.ts';
import { loadAssets } from './common/assets.ts';
import { RefusedError } from './common/refused-error.ts';
import { createStreams } from './common/streams.ts';
import { createNamespaces } from './keys/namespaces.ts';
import { createSessionCheck } from './keys/visitor.ts';
import { errorPage } from './pages/error.ts';
import { addAccessKeyRoutes } from './routes/access-keys.ts';
import { addDeploymentRoutes } from './routes/deployments.ts';
import { addEditPairRoutes } from './routes/edit-pair.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './routes/environment.ts';
import { isSessionOver, refuseOtherSites, requireVisitor, toSignIn } from './routes/guard.ts';
import { isInvalid } from './routes/key-content.ts';
import { addNewPairRoutes } from './routes/new-pair.ts';
import { preferences } from './routes/preferences.ts';
import { addProfileRoutes } from './routes/profile.ts';
import { createReveal } from './routes/reveal.ts';
import { addRevealRoutes } from './routes/reveal-routes.ts';
import { securityHeaders } from './routes/security-headers.ts';
import { addSignInRoutes } from './routes/sign-in.ts';
import { addStreamRoutes } from './routes/streams.ts';
import { addUseRoutes } from './routes/use-keys.ts';
import { createSessionCookie } from './session/cookie.ts';
import { homePath } from './session/return-path.ts';

/** The pages where people manage their keys. */
export interface Console {
  /** To be mounted at the root, beside the platform API, which writes the log. */
  app: Hono<ConsoleEnvironment>;
  /** Ends what is open without end: the streams of events. */
  close(): void;
}

/** Pages that need no session, and those that do. */
const openPaths = ['/', '/login'];
const ownPaths = ['/logout', '/personal-center/*', '/deployments'];

export function createConsole(dependencies: ConsoleDependencies): Console {
  const { options, caches, now } = dependencies;
  const app = new Hono<ConsoleEnvironment>();
  const assets = loadAssets();
  const cookie = createSessionCookie(options.secure);
  const streams = createStreams(caches, now);
  const parts = { namespaces: createNamespaces(caches), reveal: createReveal(dependencies) };
  for (const path of [...openPaths, ...ownPaths]) {
    app.use(path, securityHeaders(), preferences(assets, options.secure), refuseOtherSites(dependencies));
  }
  for (const path of ownPaths) app.use(path, requireVisitor(dependencies, cookie), notFoundPage());
  assets.addRoutes(app);
  app.get('/', (context) => context.redirect(homePath, 303));
  addSignInRoutes(app, dependencies, cookie, streams.signedOut);
  app.get('/personal-center', (context) => context.redirect(homePath, 303));
  addProfileRoutes(app);
  addNewPairRoutes(app, dependencies, parts);
  addEditPairRoutes(app, dependencies);
  addRevealRoutes(app, parts.reveal);
  addStreamRoutes(app, streams, createSessionCheck(dependencies));
  addAccessKeyRoutes(app, parts);
  addUseRoutes(app, dependencies);
  addDeploymentRoutes(app, dependencies);
  app.onError((error, context) => {
    if (isSessionOver(error, context.get('visitor'))) return toSignIn(context, cookie);
    return answerError(error, context);
  });
  return { app, close: streams.close };
}

/** Puts a page in the place of the platform's answer that there is nothing. */
function notFoundPage() {
  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    await next();
    const isPage = context.res.headers.get('Content-Type')?.startsWith('text/') === true;
    if (context.res.status !== 404 || isPage) return;
    const { t } = context.get('view');
    const page = errorPage(context.get('view'), { title: t('notFoundTitle'), text: t('notFoundText') });
    context.res = await context.html(page, 404);
  });
}

function answerError(error: Error, context: PageContext): Response | Promise<Response> {
  const view = context.get('view');
  const { t } = view;
  const page = (status: 400 | 403 | 404 | 409 | 415 | 422 | 429 | 500 | 503, text: string, detail?: string) =>
    context.html(errorPage(view, { title: t('errorTitle'), text, detail }), status);
  if (error instanceof RefusedError) {
    context.get('logFields').refused = error.key;
    return page(error.status, t(error.key, error.values));
  }
  if (isStatus(error, 403)) return page(403, t('errorForbidden'), error.message);
  if (isInvalid(error)) return page(422, t('errorInvalid', { reason: error.reason }));
  if (error instanceof PlatformError) return page(400, error.message);
  const { status } = toPlatformError(error, context);
  if (status === 503) return page(503, t('errorUnavailable'));
  return page(status === 400 ? 400 : 500, t('errorInternal', { id: context.get('requestId') }));
}
