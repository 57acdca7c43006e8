import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authorizationOf, bearerOf } from '../common/authorization.ts';
import { requireCaller } from '../common/bearer.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { PlatformError, unauthenticated } from '../common/errors.ts';
import { forwardAuthRoute } from './forward-auth-description.ts';

/**
 * Answers a gateway that asks whether a request may pass: 200 with the user's name and groups in headers, or 401
 * (nginx auth_request, Traefik ForwardAuth, Envoy ext_authz; the names are those of oauth2-proxy). Any method, since
 * Envoy asks with that of the request, and any path beneath, since Envoy appends that of the request.
 *
 * Both headers are there always, an empty one too, so that what a client sent under the same name is replaced.
 */
export function addForwardAuthRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.openAPIRegistry.registerPath(forwardAuthRoute);
  app.all('/oauth2/auth/*', async (context) => {
    context.header('Cache-Control', 'no-store');
    requireReadable(context, dependencies);
    const caller = await requireCaller(context, dependencies);
    context.header('X-Auth-Request-User', headerValue(caller.name));
    context.header('X-Auth-Request-Groups', caller.groups.map(listItem).join(','));
    return context.body(null, 200);
  });
}

/**
 * Refuses an Authorization header that cannot be read, by 401 and not by the 400 of other routes: nginx makes a 500 of
 * every answer to auth_request but 2xx, 401 and 403.
 *
 * @throws PlatformError 401 with the error code of RFC 6750 section 3.1 in its challenge
 */
function requireReadable(context: Context<Environment>, { token: { issuer } }: Dependencies): void {
  const challenge = `Bearer realm="${issuer}", error="invalid_request"`;
  const header = readHeader(context, challenge);
  const isMalformed = /^Bearer(?: |$)/i.test(header ?? '') && bearerOf(header) === undefined;
  if (isMalformed) throw unauthenticated('Authorization: must be one token after Bearer', challenge);
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
 * A name as the value of a header: what is not printable ASCII is percent-encoded in UTF-8, and the percent sign with
 * it, so that two names are never the same value and no line can end early.
 */
function headerValue(name: string): string {
  return name.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent);
}

/** The comma parts a list, so in a group it is percent-encoded too. */
function listItem(group: string): string {
  return headerValue(group).replaceAll(',', '%2C');
}
