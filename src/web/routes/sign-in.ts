import type { Hono } from 'hono';
import { digestOf } from '../../credential/key-pair.ts';
import { challenge } from '../common/challenges.ts';
import { type Form, readForm } from '../common/form.ts';
import { missingFields } from '../keys/pair-input.ts';
import { type SignInPage, type SignInProblems, type SignInWays, signInPage } from '../pages/sign-in.ts';
import type { Flash } from '../session/flash.ts';
import { type ClusterUser, claimedAccount, isToken } from '../session/identity.ts';
import { returnPath } from '../session/return-path.ts';
import {
  type ConsoleDependencies,
  type ConsoleEnvironment,
  type PageContext,
  requireSessionKeys,
} from './dependencies.ts';
import type { ProxySessions } from './proxy-session.ts';
import type { SessionCredential, Sessions } from './sessions.ts';
import { addSingleSignOnRoutes } from './single-sign-on.ts';

/** Why a sign-in failed. */
type SignInFailure = { problems: SignInProblems; status: 400 } | SignInRejection;
type SignInRejection = { text: string; status: 400 | 401 | 403 | 429; retryAfterSeconds?: number };

export interface SignInOptions {
  dependencies: ConsoleDependencies;
  flash: Flash;
  sessions: Sessions;
  proxySessions: ProxySessions;
}

/** The sign-in page. */
export function addSignInRoutes(
  app: Hono<ConsoleEnvironment>,
  { dependencies, flash, sessions, proxySessions }: SignInOptions,
): void {
  const { singleSignOn: service } = dependencies;
  const authenticate = createSignInAuthentication(dependencies);
  const ways = signInWays(dependencies);

  // A user of an authenticating proxy is signed in already, and its session would take precedence over a new one.
  app.use('/login', async (context, next) => {
    const isSignedIn = (await proxySessions.find(context)) !== undefined;
    return isSignedIn ? context.redirect(returnPath(context.req.query('next')), 303) : next();
  });

  app.get('/login', async (context) => {
    const { method: requestedMethod, ...query } = context.req.query();
    const [next, method] = [returnPath(query.next), methodOf(requestedMethod)];
    const isOther = requestedMethod !== undefined;
    // The links that switch language or theme use this path, so only validated parameters are in it.
    const path = `/login?${new URLSearchParams({ ...(isOther && { method }), next })}`;
    const view = { ...context.get('view'), path };
    const { t } = view;
    const message = await flash.take(context);
    const notice = message && ({ notice: { kind: 'info', text: t(message.key) } } as const);
    return context.html(signInPage(view, { next, method, isOther, ways, ...notice }));
  });

  app.post('/login', async (context) => {
    const form = await readForm(context.req);
    const next = returnPath(form.text('next'));
    const pageFor = (method: SignInPage['method']) => ({ next, method, isOther: true, ways, ...enteredAk(form) });
    const result = await authenticate(context, form);
    if ('status' in result) return showFailure(context, pageFor(methodOf(form.text('method'))), result);
    const keys = requireSessionKeys(dependencies);
    if (await sessions.write(context, sessions.create(result), keys)) return context.redirect(next, 303);
    const text = context.get('view').t('tokenTooLong');
    return showFailure(context, pageFor('token'), { text, status: 400 });
  });

  if (service) {
    addSingleSignOnRoutes(app, {
      dependencies,
      service,
      sessions,
      showSignIn(context, page, status) {
        const path = `/login?${new URLSearchParams({ next: page.next })}`;
        const isOther = status !== 400;
        const view = { ...context.get('view'), path };
        return context.html(signInPage(view, { ...page, method: 'token', isOther, ways }), status);
      },
    });
  }
}

/** @returns the ways to sign in that the configuration enables */
export function signInWays({ options, singleSignOn }: ConsoleDependencies): SignInWays {
  const { tokenSignIn = true, keyPairSignIn } = options;
  const singleSignOnLabel = singleSignOn && (singleSignOn.options.buttonLabel ?? null);
  return { token: tokenSignIn, keyPair: keyPairSignIn, singleSignOnLabel };
}

function showFailure(context: PageContext, page: SignInPage, failure: SignInFailure): Response | Promise<Response> {
  const path = `/login?${new URLSearchParams({ method: page.method, next: page.next })}`;
  const view = { ...context.get('view'), path };
  if ('problems' in failure) return context.html(signInPage(view, { ...page, problems: failure.problems }), 400);
  const { text, status, retryAfterSeconds } = failure;
  if (retryAfterSeconds) context.header('Retry-After', String(retryAfterSeconds));
  if (status === 401) challenge(context, 'signIn');
  return context.html(signInPage(view, { ...page, notice: { kind: 'error', text } }), status);
}

function enteredAk(form: Form): Pick<SignInPage, 'ak'> {
  const ak = form.text('ak');
  return ak === undefined ? {} : { ak };
}

function methodOf(text: string | undefined): SignInPage['method'] {
  return text === 'pair' ? 'pair' : 'token';
}

/** Authenticates the token or key pair of the sign-in form. */
function createSignInAuthentication({ tokenIssuing, reviewToken, tokenBudget, options }: ConsoleDependencies) {
  return async (context: PageContext, form: Form): Promise<SessionCredential | SignInFailure> => {
    const fields = context.get('logFields');
    Object.assign(fields, { audit: true, event: 'web.sign-in' });
    const isPair = methodOf(form.text('method')) === 'pair';
    const result = isPair ? authenticatePair(context, form) : await authenticateToken(context, form);
    // The authentication of a key pair has an event of its own.
    fields.event = 'status' in result ? 'web.sign-in-refused' : 'web.sign-in';
    return result;
  };

  function authenticatePair(context: PageContext, form: Form): SessionCredential | SignInFailure {
    const { t } = context.get('view');
    const [ak, sk] = [form.text('ak'), form.text('sk')];
    if (ak === undefined || sk === undefined) return { problems: missingFields({ ak, sk }), status: 400 };
    if (options.keyPairSignIn === 'off') return { text: t('badPair'), status: 401 };
    const result = tokenIssuing.authenticate(context, { ak, sk });
    if (!('retryAfterSeconds' in result)) return { kind: 'pair', ak, digest: digestOf(sk).toString('base64url') };
    if (result.denied === 'address') return { ...fail(context, 0, t('addressNotAllowed')), status: 403 };
    return fail(context, result.retryAfterSeconds, t('badPair'));
  }

  async function authenticateToken(context: PageContext, form: Form): Promise<SessionCredential | SignInFailure> {
    const { t } = context.get('view');
    const token = form.text('token');
    if (options.tokenSignIn === false) return { text: t('badToken'), status: 401 };
    if (token === undefined) return { problems: { token: 'missingToken' }, status: 400 };
    if (!isToken(token)) return fail(context, 0, t('badToken'));
    const result = await review(token, context.get('clientAddress'));
    if ('retryAfterSeconds' in result) return fail(context, result.retryAfterSeconds, t('badToken'));
    context.get('logFields').user = result.user.name;
    return { kind: 'token', token };
  }

  /**
   * A review costs a call to the API server, so it needs an attempt of the budget, and fails if the token is rejected.
   *
   * @returns the user; otherwise the seconds to wait if failures have used up the budget, or 0 if the token is rejected
   */
  async function review(
    token: string,
    address: string,
  ): Promise<{ user: ClusterUser } | { retryAfterSeconds: number }> {
    const attempt = await tokenBudget.attempt({ address, account: claimedAccount(token) }, async () => {
      const result = await reviewToken(token, address);
      return { result, failed: result ? undefined : 'both' };
    });
    if ('retryAfterSeconds' in attempt) return attempt;
    return attempt.result ? { user: attempt.result } : { retryAfterSeconds: 0 };
  }

  function fail(context: PageContext, retryAfterSeconds: number, text: string): SignInRejection {
    if (retryAfterSeconds === 0) return { text, status: 401 };
    const throttled = context.get('view').t('tooManyFailures', { seconds: retryAfterSeconds });
    return { text: throttled, status: 429, retryAfterSeconds };
  }
}
