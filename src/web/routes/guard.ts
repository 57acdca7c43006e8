import { setTimeout } from 'node:timers/promises';
import { createMiddleware } from 'hono/factory';
import { auditKeyChange } from '../../http/common/audit.ts';
import { isStatus } from '../../kube/errors.ts';
import { ConsoleError } from '../common/console-error.ts';
import { readForm } from '../common/form.ts';
import type { Account } from '../common/view.ts';
import { formTokenField, formTokenOf, isFormToken, isOwnOrigin } from '../session/request-checks.ts';
import type { Session, SessionKeys } from '../session/session.ts';
import { auditedKeyApi, signInMethodOf } from '../visitor/audited-api.ts';
import { createVisitors, type Visitor } from '../visitor/visitor.ts';
import type { ContinuedSessions } from './continued-session.ts';
import {
  type ConsoleDependencies,
  type ConsoleEnvironment,
  isScriptRequest,
  type PageContext,
  requireSessionKeys,
} from './dependencies.ts';
import type { ProxySessions } from './proxy-session.ts';
import { formPageOf, redirectToSignIn, type SignedOutCookies } from './redirect-to-sign-in.ts';
import type { Sessions } from './sessions.ts';

/** How long a sign-out waits for the API server, milliseconds. */
const signOutWaitMs = 1_000;

/** Rejects forms from other sites, whatever cookies the browser sends with them. */
export function rejectOtherSites({ options }: Pick<ConsoleDependencies, 'options'>) {
  const publicOrigin = options.publicUrl === undefined ? undefined : new URL(options.publicUrl).origin;
  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    if (context.req.method === 'POST') {
      const origin = context.req.header('Origin');
      const fetchSite = context.req.header('Sec-Fetch-Site');
      const host = context.req.header('Host');
      if (!isOwnOrigin({ origin, fetchSite, host }, { publicOrigin, secure: options.secure }))
        throw new ConsoleError('rejectedOrigin');
    }
    return next();
  });
}

/** Where the session of a request can come from. */
interface Visiting {
  sessions: Sessions;
  proxySessions: ProxySessions;
  /** Undefined for pages that do not show a pair. */
  continuedSessions?: ContinuedSessions;
}

/** Finds the session of a request, and the visitor of the session. */
function createVisitorFinder(
  dependencies: ConsoleDependencies,
  { sessions, proxySessions, continuedSessions }: Visiting,
) {
  const visitorOf = createVisitors(dependencies);
  const { signOutUrl } = dependencies.options.authenticatingProxy ?? {};
  const proxySignOut: Account['signOut'] = signOutUrl === undefined ? 'none' : { url: signOutUrl };

  async function findSession(context: PageContext, keys: SessionKeys): Promise<Session | undefined> {
    return (await proxySessions.find(context)) ?? (await sessions.open(context, keys));
  }

  /** @returns the visitor, whose account is then in the view, or undefined if the session has ended */
  async function findVisitor(context: PageContext, session: Session, keys: SessionKeys): Promise<Visitor | undefined> {
    const visitor =
      (await visitorOf(session, context.get('clientAddress'))) ??
      (await continuedSessions?.visitorOf(context, session));
    if (!visitor) return undefined;
    const { id, kind } = session;
    const account: Account = {
      name: visitor.user.name,
      formToken: formTokenOf(id, keys),
      signOut: kind === 'proxy' ? proxySignOut : 'form',
    };
    context.set('view', { ...context.get('view'), account });
    return visitor;
  }

  return { findSession, findVisitor };
}

/** The form token of the session for which a fragment was rendered: it may be another one than that of the page. */
const sessionHeader = 'Accesskey-Session';

/** For pages that need no session: sets the account of a valid one in the view. */
export type RecognizeVisitor = (context: PageContext) => Promise<void>;

export function createVisitorRecognition(dependencies: ConsoleDependencies, visiting: Visiting): RecognizeVisitor {
  const { findSession, findVisitor } = createVisitorFinder(dependencies, visiting);
  async function recognize(context: PageContext, keys: SessionKeys): Promise<void> {
    const session = await findSession(context, keys);
    if (session) await findVisitor(context, session, keys);
  }
  return async (context) => {
    const keys = dependencies.sessionKeys();
    // The page is also useful while the cluster is unavailable.
    if (keys) await recognize(context, keys).catch(() => undefined);
  };
}

/**
 * Requires a session; requests without one are redirected to the sign-in page, which returns to the requested page.
 * Forms must carry the form token of the session.
 */
export function requireVisitor(dependencies: ConsoleDependencies, visiting: Required<Visiting> & SignedOutCookies) {
  const { cookie, flash, proxySessions, continuedSessions } = visiting;
  const { findSession, findVisitor } = createVisitorFinder(dependencies, visiting);

  function auditedApi(context: PageContext, { api, session, user }: Visitor): Visitor['api'] {
    const actor = { actor: user.name, signedInWith: signInMethodOf(session) };
    return auditedKeyApi(api, (change) => auditKeyChange(context, dependencies.log, { ...change, ...actor }));
  }

  return createMiddleware<ConsoleEnvironment>(async (context, next) => {
    const keys = requireSessionKeys(dependencies);
    const session = await findSession(context, keys);
    if (session) context.set('session', session);
    // A session can be signed out although its key pair is not valid now, or the cluster does not respond.
    const isSigningOut = session && isSignOut(context) && (await hasFormToken(context, session, keys));
    const finding = session && findVisitor(context, session, keys);
    const visitor = await (isSigningOut ? ifFoundSoon(finding) : finding);
    if (!session || !visitor) {
      proxySessions.rejectUntrusted(context);
      if (isSigningOut) return next();
      const isPending = session && !isSignOut(context) && (await continuedSessions.isPending(context, session));
      return redirectToSignIn(context, { cookie, flash }, isPending);
    }
    const { id } = session;
    if (isScriptRequest(context)) context.header(sessionHeader, formTokenOf(id, keys));
    context.get('logFields').user = visitor.user.name;
    context.set('visitor', { ...visitor, api: auditedApi(context, visitor) });
    if (context.req.method === 'POST' && !(await hasFormToken(context, session, keys))) {
      const page = formPageOf(context.req.path);
      if (page === undefined) throw new ConsoleError('rejectedForm');
      // The person has signed in again in another tab. The script of the page has kept the input.
      context.get('logFields').refused = 'rejectedForm';
      return context.redirect(page, 303);
    }
    return next();
  });
}

/** The log names who signed out, but the session must end soon. */
async function ifFoundSoon(finding: Promise<Visitor | undefined> | undefined): Promise<Visitor | undefined> {
  return Promise.race([finding?.catch(() => undefined), setTimeout(signOutWaitMs, undefined, { ref: false })]);
}

async function hasFormToken({ req }: PageContext, { id }: Session, keys: SessionKeys): Promise<boolean> {
  return isFormToken((await readForm(req)).text(formTokenField), id, keys);
}

function isSignOut({ req }: PageContext): boolean {
  return req.method === 'POST' && req.path === '/logout';
}

/** Whether an error means that the API server no longer accepts the session's token. */
export function isSessionEnded(error: unknown, visitor: Visitor | undefined): boolean {
  return (visitor?.session.kind === 'token' || visitor?.session.kind === 'proxy') && isStatus(error, 401);
}
