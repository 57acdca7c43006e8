import { OpenAPIHono } from '@hono/zod-openapi';
import { limitBody } from './body-limit.ts';
import { createClientAddress } from './client-address.ts';
import { shareWithOrigins } from './cross-origin.ts';
import { addDeploymentRoutes } from './deployment-routes.ts';
import { addDocsRoutes } from './docs/docs-routes.ts';
import type { Dependencies, Environment } from './environment.ts';
import { answerError, answerNotFound } from './error-answer.ts';
import { badRequest } from './errors.ts';
import { addForwardAuthRoutes } from './forward-auth-routes.ts';
import { addKeyRoutes } from './key-routes.ts';
import { addMetadataRoutes } from './metadata-routes.ts';
import { answerOtherMethods } from './methods.ts';
import { createMinting, type Minting } from './minting.ts';
import { createOAuthApp } from './oauth-app.ts';
import { addDocumentRoutes } from './openapi/document-routes.ts';
import { requestLog } from './request-log.ts';
import { addTokenRoutes } from './token-routes.ts';
import { addUserRoutes } from './user-routes.ts';

/** No proxy is believed. */
const noProxies = { trustedProxies: [], forwardedHeader: 'X-Forwarded-For' } as const;

/** The platform API. Errors have the platform's form, those of the OAuth 2.0 endpoints that of RFC 6749. */
export function createApp(
  dependencies: Dependencies,
  minting: Minting = createMinting(dependencies),
): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>({
    defaultHook: (result) => {
      if (!result.success) throw badRequest(result.error);
    },
  });
  const { log, proxies = noProxies, httpMetrics } = dependencies;
  app.use(requestLog(log, createClientAddress(proxies), httpMetrics), limitBody());
  addForwardAuthRoutes(app, dependencies);
  shareWithPages(app, dependencies);
  addTokenRoutes(app, dependencies, minting);
  addKeyRoutes(app, dependencies);
  app.route('/oauth2', createOAuthApp(dependencies, minting));
  addMetadataRoutes(app, dependencies);
  addDeploymentRoutes(app, dependencies);
  addUserRoutes(app, dependencies);
  addDocumentRoutes(app, dependencies);
  addDocsRoutes(app);
  answerOtherMethods(app);
  app.notFound(answerNotFound);
  app.onError(answerError);
  return app;
}

/** The paths of the API, for pages of other origins; not those of the console. */
const shared = ['/apis/*', '/api/*', '/oauth2/*', '/.well-known/*', '/openapi.json'];

/** Comes after forward-auth, where a preflight is a question about another server's request. */
function shareWithPages(app: OpenAPIHono<Environment>, { allowedOrigins = [] }: Dependencies): void {
  if (allowedOrigins.length === 0) return;
  for (const path of shared) app.use(path, shareWithOrigins(allowedOrigins));
}
