import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authorizationOf, bearerChallenge, bearerOf } from '../common/authorization.ts';
import { requireCaller } from '../common/bearer.ts';
import type { Dependencies, PreflightMethod } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError, unauthenticated } from '../common/errors.ts';
import { forwardAuthRoute } from './description.ts';

/**
 * Authenticates requests for a gateway: 200 with the user's name and groups in headers, or 401 (nginx auth_request,
 * Traefik ForwardAuth, Envoy ext_authz; oauth2-proxy has the same header names). Accepts every method and subpath,
 * because Envoy uses the method of the request and appends its path.
 *
 * Never reads the body, which a gateway may announce without sending it. Always sets both headers, even if empty, so
 * that the gateway overwrites headers of the client.
 */
export function addForwardAuthRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openAPIRegistry.registerPath(forwardAuthRoute);
  app.all('/oauth2/auth/*', async (context) => {
    context.header('Cache-Control', 'no-store');
    if (isPreflight(context, dependencies.forwardAuthPreflight)) return answerIdentity(context, '', []);
    requireWellFormed(context, dependencies);
    const caller = await requireCaller(context, dependencies);
    return answerIdentity(context, caller.name, caller.groups);
  });
}

function answerIdentity(context: Context<Environment>, name: string, groups: readonly string[]): Response {
  context.header('X-Auth-Request-User', headerValue(name));
  context.header('X-Auth-Request-Groups', groups.map(listItem).join(','));
  return context.body(null, 200);
}

/**
 * Whether the request is a CORS preflight, which browsers send without a token, and may pass. Only the configured place
 * is read: a client could send the headers of other gateways.
 */
function isPreflight({ req }: Context<Environment>, place: PreflightMethod): boolean {
  if (place === 'off') return false;
  const method = place === 'method' ? req.method : req.header(place);
  const required = [req.header('Origin'), req.header('Access-Control-Request-Method')];
  return method === 'OPTIONS' && !required.includes(undefined);
}

/**
 * Rejects a malformed Authorization header with 401, not with 400 like other routes: nginx turns every response to
 * auth_request except 2xx, 401 and 403 into a 500.
 *
 * @throws PlatformError 401 with the error code of RFC 6750 section 3.1 in its challenge
 */
function requireWellFormed(context: Context<Environment>, { token }: Dependencies): void {
  const challenge = bearerChallenge(token, 'invalid_request');
  const header = readHeader(context, challenge);
  const isMalformed = /^Bearer(?: |$)/i.test(header ?? '') && bearerOf(header) === undefined;
  if (isMalformed) throw unauthenticated('Authorization: must be Bearer followed by one token', challenge);
}

function readHeader(context: Context<Environment>, challenge: string): string | undefined {
  try {
    return authorizationOf(context);
  } catch (error) {
    if (error instanceof PlatformError) throw unauthenticated(error.message, challenge);
    throw error;
  }
}

/**
 * Encodes a name as a header value: percent-encodes everything except printable ASCII, and the percent sign, so that
 * different names have different values and no name can inject a header.
 */
function headerValue(name: string): string {
  return name.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent);
}

/** Also encodes the comma, which separates list items. */
function listItem(group: string): string {
  return headerValue(group).replaceAll(',', '%2C');
}
