import type { Hono } from 'hono';
import { toPlatformError } from '../../http/common/error-response.ts';
import { PlatformError } from '../../http/common/errors.ts';
import { ConsoleError } from '../common/console-error.ts';
import { readForm } from '../common/form.ts';
import { verifyLogoutToken } from '../oidc/logout-token.ts';
import { ProviderError, toProviderError } from '../oidc/provider-error.ts';
import type { SingleSignOnService } from '../oidc/single-sign-on.ts';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';

const backChannelLogoutPath = '/login/backchannel-logout';

/**
 * Back-Channel Logout (OpenID Connect Back-Channel Logout 1.0): the identity provider sends a logout token, without a
 * browser. The signature of the token is the only credential, so there are neither cookies nor checks of an origin.
 */
export function addBackChannelLogoutRoute(
  app: Hono<ConsoleEnvironment>,
  { provider, ended }: Pick<SingleSignOnService, 'provider' | 'ended'>,
): void {
  if (!ended) return;
  app.post(backChannelLogoutPath, async (context) => {
    context.header('Cache-Control', 'no-store');
    Object.assign(context.get('logFields'), { audit: true, event: 'web.back-channel-logout' });
    try {
      const form = await readForm(context.req);
      const signOn = await verify(form.text('logout_token'));
      await ended.add(signOn);
      return context.body(null, 200);
    } catch (error) {
      return refuse(context, error);
    }
  });

  async function verify(token: string | undefined) {
    if (token === undefined) throw new ProviderError('invalid', 'logout_token is missing');
    try {
      return await verifyLogoutToken(await provider.discovered(), token);
    } catch (error) {
      throw toProviderError(error);
    }
  }
}

/** Answers with an OAuth 2.0 error, as section 2.8 requires. The provider may send the token again after a 503. */
function refuse(context: PageContext, error: unknown): Response {
  const fields = context.get('logFields');
  fields.event = 'web.back-channel-logout-refused';
  if (error instanceof PlatformError || error instanceof ConsoleError || error instanceof ProviderError) {
    const isUnavailable = error instanceof ProviderError && error.failure === 'unavailable';
    fields.reason = error.message;
    return context.json(
      { error: isUnavailable ? 'temporarily_unavailable' : 'invalid_request' },
      isUnavailable ? 503 : 400,
    );
  }
  // A failed write is temporary; anything unexpected is logged with its stack.
  if (error instanceof Error) toPlatformError(error, context);
  return context.json({ error: 'temporarily_unavailable' }, 503);
}
