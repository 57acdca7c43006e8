import { createMiddleware } from 'hono/factory';
import { isStatus } from '../../kube/errors.ts';
import { readForm } from '../common/form.ts';
import { RefusedError } from '../common/refused-error.ts';
import { createVisitors, type Visitor } from '../keys/visitor.ts';
import type { SessionCookie } from '../session/cookie.ts';
import { formTokenField, formTokenOf, isFormToken, isOwnOrigin } from '../session/form-token.ts';
import { openSession, type SessionKeys } from '../session/session.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './environment.ts';

/** @throws RefusedError 503 while there are no keys */
export function requireSessionKeys({ sessionKeys }: Pick<ConsoleDependencies, 'sessionKeys'>): SessionKeys {
  const keys = sessionKeys();
  if (!keys) throw new RefusedError('errorNoSessions', {}, 503);
  return keys;
}

/** Refuses what another site sends: whatever a browser does with cookies, such a request is none of ours. */
export function refuseOtherSites({ options }: Pick<ConsoleDependencies, 'options'>) {
  const publicOrigin = options.publicUrl === undefined ? undefined : new URL(options.publicUrl).origin;
  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    if (context.req.method === 'POST') {
      const origin = context.req.header('Origin');
      const fetchSite = context.req.header('Sec-Fetch-Site');
      const host = context.req.header('Host');
      if (!isOwnOrigin({ origin, fetchSite, host }, publicOrigin)) throw new RefusedError('refusedOrigin');
    }
    return next();
  });
}

/**
 * Lets only those through who are signed in; others are led to the sign-in page, and from there to the page that they
 * asked for. A form must have the token of the session.
 */
export function requireVisitor(dependencies: ConsoleDependencies, cookie: SessionCookie) {
  const visitorOf = createVisitors({ ...dependencies, ...dependencies.options });

  async function find(context: PageContext, keys: SessionKeys): Promise<Visitor | undefined> {
    const sealed = cookie.read(context);
    const session = sealed === undefined ? undefined : await openSession(sealed, keys, dependencies.now());
    return session && visitorOf(session);
  }

  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    const keys = requireSessionKeys(dependencies);
    const visitor = await find(context, keys);
    if (!visitor) return toSignIn(context, cookie);
    const { id } = visitor.session;
    context.get('logFields').user = visitor.user.name;
    context.set('visitor', visitor);
    context.set('view', {
      ...context.get('view'),
      account: { name: visitor.user.name, formToken: formTokenOf(id, keys) },
    });
    if (context.req.method === 'POST') {
      const form = await readForm(context.req);
      if (!isFormToken(form.text(formTokenField), id, keys)) throw new RefusedError('refusedForm');
    }
    return next();
  });
}

/** Whether the API server does not accept the session's token any more. */
export function isSessionOver(error: unknown, visitor: Visitor | undefined): boolean {
  return visitor?.session.kind === 'token' && isStatus(error, 401);
}

/** Leads to the sign-in page. A script that asks for a part of a page is told by the status instead. */
export function toSignIn(context: PageContext, cookie: SessionCookie): Response {
  const hadSession = cookie.read(context) !== undefined;
  cookie.remove(context);
  if (context.req.method === 'GET' && isPart(context)) return context.text('signed out', 401);
  const next = context.req.method === 'GET' ? context.get('view').path : undefined;
  const query = new URLSearchParams({ ...(next !== undefined && { next }), ...(hadSession && { over: '1' }) });
  return context.redirect(query.size === 0 ? '/login' : `/login?${query}`, 303);
}

function isPart(context: PageContext): boolean {
  return context.req.query('fragment') !== undefined || context.req.header('Accept') === 'text/event-stream';
}
