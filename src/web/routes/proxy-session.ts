import { authorizationOf, bearerOf } from '../../http/common/authorization.ts';
import { createProxyTrust } from '../../http/common/client-address.ts';
import { ConsoleError } from '../common/console-error.ts';
import { claimedAccount, expiryOfToken, isToken, type ReviewLimit, ReviewLimitError } from '../session/identity.ts';
import type { ProxySession } from '../session/session.ts';
import type { ConsoleDependencies, PageContext } from './dependencies.ts';

/**
 * Sessions of users whom an authenticating proxy has signed in (web.authenticatingProxy). The proxy sends a Kubernetes
 * token in the Authorization header of every request. The API server verifies the token, so a proxy cannot claim a user
 * without a token of that user. The header is only accepted from http.trustedProxies, so that a client cannot avoid the
 * rules of the proxy.
 */
export interface ProxySessions {
  /**
   * Reads the session of a request. It takes precedence over a session cookie.
   *
   * @returns the session, or undefined if the request has no bearer token or does not come from a trusted proxy
   * @throws ConsoleError 401 if the cluster rejects the token, 429 after too many rejected tokens; KubernetesError,
   * ConnectionError if the API server cannot be reached; PlatformError 400 if the header is repeated
   */
  find(context: PageContext): Promise<ProxySession | undefined>;
  /** @throws ConsoleError 403 if the request has a bearer token but does not come from a trusted proxy */
  rejectUntrusted(context: PageContext): void;
}

export function createProxySessions(
  dependencies: Pick<ConsoleDependencies, 'options' | 'reviewToken' | 'tokenBudget' | 'now'>,
): ProxySessions {
  const { options, reviewToken, tokenBudget, now } = dependencies;
  const { enabled = false } = options.authenticatingProxy ?? {};
  const isTrustedProxy = createProxyTrust({ trustedProxies: options.trustedProxies ?? [] });
  const isTrusted = (context: PageContext) => isTrustedProxy(context.env?.incoming?.socket.remoteAddress);
  const tokenOf = (context: PageContext) => (enabled ? bearerOf(authorizationOf(context)) : undefined);

  const limitFor =
    (address: string, token: string): ReviewLimit =>
    async (review) => {
      const attempt = await tokenBudget.attempt({ address, account: claimedAccount(token) }, async () => {
        const result = await review();
        return { result, failed: result === undefined ? 'both' : undefined };
      });
      if ('retryAfterSeconds' in attempt) throw new ReviewLimitError(attempt.retryAfterSeconds);
      return attempt.result;
    };

  async function isAccepted(context: PageContext, token: string): Promise<boolean> {
    if (!isToken(token)) return false;
    const address = context.get('clientAddress');
    try {
      return (await reviewToken(token, address, limitFor(address, token))) !== undefined;
    } catch (error) {
      if (!(error instanceof ReviewLimitError)) throw error;
      const seconds = error.retryAfterSeconds;
      context.header('Retry-After', String(seconds));
      throw new ConsoleError('tooManyFailures', { seconds }, 429);
    }
  }

  return {
    async find(context) {
      const token = tokenOf(context);
      if (token === undefined || !isTrusted(context)) return undefined;
      if (!(await isAccepted(context, token))) throw rejectedProxyToken(context);
      const expiresAt = Math.min(now() + options.sessionMinutes * 60_000, expiryOfToken(token));
      return { kind: 'proxy', id: `proxy-${claimedAccount(token)}`, expiresAt, token };
    },
    rejectUntrusted(context) {
      if (tokenOf(context) === undefined || isTrusted(context)) return;
      throw new ConsoleError('untrustedProxy');
    },
  };
}

/** @returns the error for a token that the cluster does not accept, and adds it to the audit record */
export function rejectedProxyToken(context: PageContext): ConsoleError {
  Object.assign(context.get('logFields'), { audit: true, event: 'web.sign-in-refused' });
  return new ConsoleError('rejectedProxyToken', {}, 401);
}
