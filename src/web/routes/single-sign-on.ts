import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import { ConsoleError } from '../common/console-error.ts';
import type { MessageKey } from '../common/language.ts';
import { homePath } from '../common/paths.ts';
import { type Flow, finishFlow, startFlow } from '../oidc/flow.ts';
import { createFlowCookies } from '../oidc/flow-cookies.ts';
import { ProviderError, type ProviderFailure, toProviderError } from '../oidc/provider-error.ts';
import { refreshing } from '../oidc/refresh.ts';
import type { SingleSignOnService } from '../oidc/single-sign-on.ts';
import type { ProviderTokens } from '../oidc/tokens.ts';
import type { SignInPage } from '../pages/sign-in.ts';
import { returnPath } from '../session/return-path.ts';
import { createVisitors } from '../visitor/visitor.ts';
import {
  type ConsoleDependencies,
  type ConsoleEnvironment,
  type PageContext,
  requireSessionKeys,
} from './dependencies.ts';
import type { SessionCredential, Sessions } from './sessions.ts';

/** Why single sign-on failed: the message, its status, and the page to open after another attempt. */
export interface SignOnFailure {
  text: MessageKey;
  values?: ConsoleError['values'];
  status: 400 | 403 | 429 | 503;
  next: string;
}

export interface SingleSignOnRoutes {
  dependencies: ConsoleDependencies;
  service: SingleSignOnService;
  sessions: Sessions;
  /** Shows the sign-in page with an error. */
  showSignIn(
    context: PageContext,
    page: Pick<SignInPage, 'next' | 'notice'>,
    status: SignOnFailure['status'],
  ): Response | Promise<Response>;
}

const failures: Record<ProviderFailure, Pick<SignOnFailure, 'text' | 'status'>> = {
  unavailable: { text: 'ssoUnavailable', status: 503 },
  denied: { text: 'ssoDenied', status: 403 },
  expired: { text: 'ssoExpired', status: 400 },
  invalid: { text: 'ssoInvalid', status: 403 },
};

/** Sign-in with the identity provider: the redirect to it, and the callback from it. */
export function addSingleSignOnRoutes(
  app: Hono<ConsoleEnvironment>,
  { dependencies, service, sessions, showSignIn }: SingleSignOnRoutes,
): void {
  const { options, tokenBudget, now } = dependencies;
  const visitorOf = createVisitors(dependencies);
  const { provider, redirectUri } = service;
  const cookies = createFlowCookies(options.secure);

  app.get('/login/sso', async (context) => {
    const next = returnPath(context.req.query('next'));
    // Another site must not start a sign-in, which would replace the session of the user.
    if (!isOwnNavigation(context)) return context.redirect(`/login?${new URLSearchParams({ next })}`, 303);
    const keys = requireSessionKeys(dependencies);
    try {
      const { scopes } = service.options;
      const discovered = await provider.discovered();
      const { url, flow } = await startFlow(discovered, { redirectUri, scopes, next, now: now() });
      await cookies.write(context, flow, keys);
      return context.redirect(url.href, 303);
    } catch (error) {
      return refuse(context, { ...failureOf(context, error), next });
    }
  });

  app.get('/login/callback', async (context) => {
    Object.assign(context.get('logFields'), { audit: true, event: 'web.sign-in', signIn: 'single-sign-on' });
    const keys = requireSessionKeys(dependencies);
    const { search, searchParams } = new URL(context.req.url);
    const flow = await cookies.take(context, searchParams.get('state') ?? '', keys, now());
    if (!flow) return refuse(context, { text: 'ssoNotStarted', status: 400, next: homePath });
    const { next } = flow;
    try {
      const tokens = await finish(context, new URL(redirectUri + search), flow);
      const session = sessions.create(credentialOf(tokens));
      const visitor = await visitorOf(session, context.get('clientAddress'));
      if (!visitor) return refuse(context, { text: 'ssoNotTrusted', status: 403, next });
      context.get('logFields').user = visitor.user.name;
      if (await sessions.write(context, session, keys)) return context.redirect(next, 303);
      return refuse(context, { text: 'tokenTooLong', status: 400, next });
    } catch (error) {
      if (error instanceof ConsoleError) {
        const { key: text, values, status } = error;
        return refuse(context, { text, values, status: status === 503 || status === 429 ? status : 403, next });
      }
      if (!(error instanceof ProviderError)) throw error;
      return refuse(context, { ...failureOf(context, error), next });
    }
  });

  /**
   * A callback can cause a request to the provider, so failures of an address are limited: by the limit of all accounts
   * of the address, because others can be behind it, and a flow has only one attempt. A denied sign-in causes no request.
   *
   * @throws ProviderError; ConsoleError 429
   */
  async function finish(context: PageContext, callback: URL, flow: Flow): Promise<ProviderTokens> {
    const account = createHash('sha256').update(flow.state).digest('base64url');
    const client = { address: context.get('clientAddress'), account };
    const attempt = await tokenBudget.attempt(client, async () => {
      const result = await finishFlow(await provider.discovered(), callback, flow).catch(toProviderError);
      const isFailed = result instanceof ProviderError && !['unavailable', 'denied'].includes(result.failure);
      return { result, failed: isFailed ? 'both' : undefined };
    });
    if ('retryAfterSeconds' in attempt) {
      const { retryAfterSeconds: seconds } = attempt;
      context.header('Retry-After', String(seconds));
      throw new ConsoleError('tooManyFailures', { seconds }, 429);
    }
    if (attempt.result instanceof ProviderError) throw attempt.result;
    return attempt.result;
  }

  function credentialOf(tokens: ProviderTokens): SessionCredential {
    const { sub, sid, iat = 0 } = tokens.claims;
    const sso = {
      sub,
      ...(typeof sid === 'string' && sid !== '' && { sid }),
      // By the clock of the provider, like the time in its logout tokens.
      signedInAt: iat * 1000,
      ...refreshing(tokens, undefined, now()),
    };
    return { kind: service.options.accessMode, token: tokens.idToken, sso };
  }

  function refuse(context: PageContext, { text, values, status, next }: SignOnFailure): Response | Promise<Response> {
    const fields = context.get('logFields');
    Object.assign(fields, { audit: true, event: 'web.sign-in-refused', refused: text });
    const notice = { kind: 'error', text: context.get('view').t(text, values) } as const;
    return showSignIn(context, { next, notice }, status);
  }

  function failureOf(context: PageContext, error: unknown): Pick<SignOnFailure, 'text' | 'status'> {
    const { failure, message } = toProviderError(error);
    context.get('logFields').reason = message;
    return failures[failure];
  }
}

/** Whether a page of the console, or the user directly, opened this page. Older browsers do not send the header. */
function isOwnNavigation({ req }: PageContext): boolean {
  return ['same-origin', 'none', undefined].includes(req.header('Sec-Fetch-Site'));
}
