import type { OpenAPIHono } from '@hono/zod-openapi';
import { requireCaller } from './bearer.ts';
import type { Dependencies, Environment } from './environment.ts';

/**
 * Answers a gateway that asks whether a request may pass: 200 with the user's name and groups in headers, or 401
 * (nginx auth_request, Traefik ForwardAuth, Envoy ext_authz; the names are those of oauth2-proxy). Any method, since
 * Envoy asks with that of the request, and any path beneath, since Envoy appends that of the request.
 *
 * Both headers are there always, an empty one too, so that what a client sent under the same name is replaced.
 */
export function addForwardAuthRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  app.all('/oauth2/auth/*', async (context) => {
    context.header('Cache-Control', 'no-store');
    const caller = await requireCaller(context, dependencies);
    context.header('X-Auth-Request-User', headerValue(caller.name));
    context.header('X-Auth-Request-Groups', caller.groups.map(listItem).join(','));
    return context.body(null, 200);
  });
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
