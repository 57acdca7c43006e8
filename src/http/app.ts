import { OpenAPIHono } from '@hono/zod-openapi';
import { limitBody } from './common/body-limit.ts';
import { createClientAddress } from './common/client-address.ts';
import { shareWithOrigins } from './common/cross-origin.ts';
import type { Dependencies, Environment } from './common/environment.ts';
import { answerError, answerNotFound } from './common/error-answer.ts';
import { badRequest } from './common/errors.ts';
import { answerOtherMethods } from './common/methods.ts';
import { requestLog } from './common/request-log.ts';
import { addDeploymentRoutes } from './deployments/routes.ts';
import { addKeyRoutes } from './discovery/key-routes.ts';
import { addMetadataRoutes } from './discovery/metadata-routes.ts';
import { addDocsRoutes } from './docs/docs-routes.ts';
import { createOAuthApp } from './oauth/app.ts';
import { addForwardAuthRoutes } from './oauth/forward-auth.ts';
import { addDocumentRoutes } from './openapi/routes.ts';
import { createTokenIssuing, type TokenIssuing } from './token/issuing.ts';
import { addTokenRoutes } from './token/routes.ts';
import { addUserRoutes } from './users/routes.ts';

/** No proxy is believed. */
const noProxies = { trustedProxies: [], forwardedHeader: 'X-Forwarded-For' } as const;

/** The platform API. Errors have the platform's form, those of the OAuth 2.0 endpoints that of RFC 6749. */
export function createApp(
  dependencies: Dependencies,
  tokenIssuing: TokenIssuing = createTokenIssuing(dependencies),
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
  addTokenRoutes(app, dependencies, tokenIssuing);
  addKeyRoutes(app, dependencies);
  app.route('/oauth2', createOAuthApp(dependencies, tokenIssuing));
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
