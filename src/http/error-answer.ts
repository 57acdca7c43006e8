import type { Context } from 'hono';
import type { Environment } from './environment.ts';
import { errorBody, PlatformError } from './errors.ts';
import { answerOAuthError, OAuthError, toOAuthError } from './oauth-error.ts';
import { toPlatformError } from './unexpected.ts';

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

/** Forward-auth is for gateways, which pass the platform's form on. */
function isOAuth(path: string): boolean {
  return /^\/oauth2(?:\/|$)/.test(path) && !/^\/oauth2\/auth(?:\/|$)/.test(path);
}

function answerPlatform(error: PlatformError, context: Context<Environment>): Response {
  for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
  context.header('Cache-Control', 'no-store');
  return context.json(errorBody(error), error.status);
}
