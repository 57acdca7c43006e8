import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';
import { digestOf } from '../../credential/key-pair.ts';
import { type Form, readForm } from '../common/form.ts';
import { type SignInPage, signInPage } from '../pages/sign-in.ts';
import type { SessionCookie } from '../session/cookie.ts';
import { type ClusterUser, claimedAccount, expiryOfToken, isToken } from '../session/identity.ts';
import { returnPath } from '../session/return-path.ts';
import { type Session, sealSession } from '../session/session.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './environment.ts';
import { requireSessionKeys } from './guard.ts';

type Refusal = { text: string; status: 400 | 401 | 429; retryAfterSeconds?: number };
type Credential = { kind: 'token'; token: string } | { kind: 'pair'; ak: string; digest: string };

/** Signing in and out. Each sign-in is a new session, so that nobody can be made to use one that somebody else knows. */
export function addSignInRoutes(
  app: Hono<ConsoleEnvironment>,
  dependencies: ConsoleDependencies,
  cookie: SessionCookie,
  signedOut: (sessionId: string) => void,
): void {
  const { options, now } = dependencies;
  const check = createCredentialCheck(dependencies);
  const { keyPairSignIn } = options;

  app.get('/login', (context) => {
    const { method: wanted, over, out, ...query } = context.req.query();
    const [next, method] = [returnPath(query.next), methodOf(wanted)];
    // Only what is good is carried on.
    const path = `/login?${new URLSearchParams({ method, next })}`;
    const view = { ...context.get('view'), path };
    const { t } = view;
    const text = over !== undefined ? t('sessionOver') : out !== undefined ? t('signedOut') : undefined;
    const told = text !== undefined && ({ notice: { kind: 'info', text } } as const);
    return context.html(signInPage(view, { next, method, keyPairSignIn, ...told }));
  });

  app.post('/login', async (context) => {
    const form = await readForm(context.req);
    const next = returnPath(form.text('next'));
    const checked = await check(context, form);
    if ('status' in checked)
      return refuse(context, { next, method: methodOf(form.text('method')), keyPairSignIn }, form, checked);
    const signedIn = await start(context, checked);
    if (signedIn) return context.redirect(next, 303);
    const text = context.get('view').t('tokenTooLong');
    return refuse(context, { next, method: 'token', keyPairSignIn }, form, { text, status: 400 });
  });

  app.post('/logout', (context) => {
    signedOut(context.get('visitor').session.id);
    cookie.remove(context);
    // Other tabs' copies of these pages go from the browser's memory, too.
    context.header('Clear-Site-Data', '"cache"');
    return context.redirect('/login?out=1', 303);
  });

  /** @returns false when the token is too long for the cookies */
  async function start(context: PageContext, credential: Credential): Promise<boolean> {
    const longest = now() + options.sessionMinutes * 60_000;
    const expiresAt = credential.kind === 'token' ? Math.min(longest, expiryOfToken(credential.token)) : longest;
    const session: Session = { id: randomBytes(16).toString('base64url'), expiresAt, ...credential };
    const sealed = await sealSession(session, requireSessionKeys(dependencies));
    return cookie.write(context, sealed, Math.max(0, Math.floor((expiresAt - now()) / 1000)));
  }

  function refuse(
    context: PageContext,
    page: SignInPage,
    form: Form,
    { text, status, retryAfterSeconds }: Refusal,
  ): Response | Promise<Response> {
    if (retryAfterSeconds) context.header('Retry-After', String(retryAfterSeconds));
    const ak = form.text('ak');
    const kept = { ...page, ...(ak !== undefined && { ak }) };
    return context.html(signInPage(context.get('view'), { ...kept, notice: { kind: 'error', text } }), status);
  }
}

function methodOf(text: string | undefined): 'token' | 'pair' {
  return text === 'pair' ? 'pair' : 'token';
}

/** Checks what somebody wants to sign in with. */
function createCredentialCheck({ tokenIssuing, reviewToken, tokenBudget, options }: ConsoleDependencies) {
  return async (context: PageContext, form: Form): Promise<Credential | Refusal> => {
    Object.assign(context.get('logFields'), { audit: true, event: 'web.sign-in' });
    return methodOf(form.text('method')) === 'pair' ? byPair(context, form) : byToken(context, form);
  };

  function byPair(context: PageContext, form: Form): Credential | Refusal {
    const { t } = context.get('view');
    const [ak, sk] = [form.text('ak'), form.text('sk')];
    if (ak === undefined || sk === undefined) return { text: t('missingPair'), status: 400 };
    if (options.keyPairSignIn === 'off') return { text: t('badPair'), status: 401 };
    const result = tokenIssuing.authenticate(context, { ak, sk });
    if (!('retryAfterSeconds' in result)) {
      Object.assign(context.get('logFields'), { user: result.user.name, ak, pairName: result.pairName });
      return { kind: 'pair', ak, digest: digestOf(sk).toString('base64url') };
    }
    return failed(context, result.retryAfterSeconds, t('badPair'));
  }

  async function byToken(context: PageContext, form: Form): Promise<Credential | Refusal> {
    const { t } = context.get('view');
    const token = form.text('token');
    if (token === undefined) return { text: t('missingToken'), status: 400 };
    if (!isToken(token)) return failed(context, 0, t('badToken'));
    const user = await review(token, context.get('clientAddress'));
    if (user === undefined) return failed(context, 0, t('badToken'));
    if (typeof user === 'number') return failed(context, user, t('badToken'));
    context.get('logFields').user = user.name;
    return { kind: 'token', token };
  }

  /**
   * A token costs a call to the API server: it takes a failure before, and gives it back unless the cluster says no.
   *
   * @returns the seconds to wait when there are no failures left
   */
  async function review(token: string, address: string): Promise<ClusterUser | number | undefined> {
    const account = claimedAccount(token);
    const retryAfterSeconds = tokenBudget.take(address, account);
    if (retryAfterSeconds > 0) return retryAfterSeconds;
    const asked = reviewToken(token);
    const isRefused = await asked.then(
      (user) => user === undefined,
      () => false,
    );
    if (!isRefused) tokenBudget.refund(address, account);
    return asked;
  }

  function failed(context: PageContext, retryAfterSeconds: number, text: string): Refusal {
    context.get('logFields').event = 'web.sign-in-refused';
    if (retryAfterSeconds === 0) return { text, status: 401 };
    const wait = context.get('view').t('tooManyFailures', { seconds: retryAfterSeconds });
    return { text: wait, status: 429, retryAfterSeconds };
  }
}
