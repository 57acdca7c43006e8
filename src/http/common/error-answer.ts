import type { Context } from 'hono';
import type { Environment } from './environment.ts';
import { errorBody, PlatformError } from './errors.ts';
import { answerOAuthError, OAuthError, oauthBody, toOAuthError } from './oauth-error.ts';
import { toPlatformError } from './unexpected-error.ts';

/**
 * Answers with an error, in the form that belongs to the path: under /oauth2 that of RFC 6749, else the platform's. So
 * what goes wrong before a route is found has the right form too.
 */
export function answerError(error: Error, context: Context<Environment>): Response {
  if (error instanceof OAuthError) return answerOAuthError(error, context);
  // The cluster of the path is known, or nobody would have asked it.
  const { cluster } = context.req.param() as { cluster?: string };
  const known = toPlatformError(error, context, cluster);
  return isOAuth(context.req.path) ? answerOAuthError(toOAuthError(known), context) : answerPlatform(known, context);
}

/** Answers that there is nothing at a path. Not thrown: what notFound throws passes by the middleware, and so by the log. */
export function answerNotFound(context: Context<Environment>): Response {
  return answerError(new PlatformError('notFound', 'there is nothing at this path'), context);
}

/**
 * The body of an error where there is no context yet, in JSON and in the form that belongs to the path.
 *
 * @param target of the request, when it is known
 */
export function errorText(error: PlatformError, target = ''): string {
  const [path = ''] = target.split('?', 1);
  return JSON.stringify(isOAuth(path) ? oauthBody(toOAuthError(error)) : errorBody(error));
}

/** Forward-auth is for gateways, which pass the platform's form on. */
function isOAuth(path: string): boolean {
  return /^\/oauth2(?:\/|$)/.test(path) && !/^\/oauth2\/auth(?:\/|$)/.test(path);
}

function answerPlatform(error: PlatformError, context: Context<Environment>): Response {
  for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
  context.header('Cache-Control', 'no-store');
  return context.json(errorBody(error), error.status);
}
