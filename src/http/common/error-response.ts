import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { StaleClusterError } from '../../clusters/cluster.ts';
import type { Environment, RequestVariables } from './environment.ts';
import { errorBody, PlatformError } from './errors.ts';
import { isUnavailable, toLoggedError } from './logged-error.ts';
import { answerOAuthError, OAuthError, oauthBody, toOAuthError } from './oauth-error.ts';

/**
 * Responds with an error in the format of the path: RFC 6749 under /oauth2, otherwise that of the platform. This also
 * covers errors that occur before a route is matched.
 */
export function answerError(error: Error, context: Context<Environment>): Response {
  if (error instanceof OAuthError) return answerOAuthError(error, context);
  // Only a known cluster can have been called.
  const { cluster } = context.req.param() as { cluster?: string };
  const platformError = toPlatformError(error, context, cluster);
  if (isOAuth(context.req.path)) return answerOAuthError(toOAuthError(platformError), context);
  return answerPlatform(platformError, context);
}

/** Responds with 404. Does not throw: an error thrown by a notFound handler would bypass the middleware and its log. */
export function answerNotFound(context: Context<Environment>): Response {
  return answerError(new PlatformError('notFound', 'path not found'), context);
}

/**
 * Converts any error. The log line of the request describes an unexpected error, with the stack if it is a 500; the
 * response does not.
 *
 * @param cluster name of the cluster that the request is about
 */
export function toPlatformError(error: Error, context: RequestVariables, cluster?: string): PlatformError {
  if (error instanceof PlatformError) return error;
  if (error instanceof HTTPException && error.status === 400) {
    return new PlatformError('invalidArgument', 'the request is malformed');
  }
  Object.assign(context.get('logFields'), toLoggedError(error));
  if (isUnavailable(error)) {
    const name = error instanceof StaleClusterError ? error.cluster : cluster;
    const subject = name === undefined ? 'the cluster' : `cluster ${name}`;
    return new PlatformError('unavailable', `${subject} is unavailable, try again later`);
  }
  return new PlatformError('internal', 'internal error');
}

/**
 * Serializes an error where no context exists yet, in the format of the path.
 *
 * @param target request target, if known
 */
export function errorText(error: PlatformError, target = ''): string {
  const [path = ''] = target.split('?', 1);
  return JSON.stringify(isOAuth(path) ? oauthBody(toOAuthError(error)) : errorBody(error));
}

/** Forward-auth uses the platform format, because gateways pass its response on to their clients. */
function isOAuth(path: string): boolean {
  return /^\/oauth2(?:\/|$)/.test(path) && !/^\/oauth2\/auth(?:\/|$)/.test(path);
}

function answerPlatform(error: PlatformError, context: Context<Environment>): Response {
  for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
  context.header('Cache-Control', 'no-store');
  return context.json(errorBody(error), error.status);
}
