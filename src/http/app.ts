import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { addAccessTokenRoutes } from './access-tokens/routes.ts';
import { addNamespaceRoutes } from './clusters/namespace-routes.ts';
import { addClusterRoutes } from './clusters/routes.ts';
import { requireCaller } from './common/bearer.ts';
import { limitBody } from './common/body-limit.ts';
import { createClientAddress } from './common/client-address.ts';
import { shareWithOrigins } from './common/cross-origin.ts';
import type { Dependencies } from './common/dependencies.ts';
import type { Environment } from './common/environment.ts';
import { answerError, answerNotFound } from './common/error-response.ts';
import { badRequest } from './common/errors.ts';
import { answerOtherMethods } from './common/methods.ts';
import { limitQuery } from './common/parameter-limit.ts';
import { requestLog } from './common/request-log.ts';
import { addDeploymentRoutes } from './deployments/routes.ts';
import { addAboutRoute } from './discovery/about.ts';
import { addKeyRoutes, addMetadataRoutes } from './discovery/routes.ts';
import { addDocsRoutes } from './docs/routes.ts';
import { addInventoryRoute } from './inventory/routes.ts';
import { addForwardAuthRoutes } from './oauth/forward-auth.ts';
import { createOAuthApp } from './oauth/routes.ts';
import { addDocumentRoutes } from './openapi/routes.ts';
import { createTokenIssuing, type TokenIssuing } from './token/issuing.ts';
import { addTokenRoutes } from './token/routes.ts';
import { addUserRoutes } from './users/routes.ts';

/**
 * The HTTP API. Errors have the format of the platform, or that of RFC 6749 for OAuth 2.0 endpoints.
 *
 * @param hasConsole whether the console is mounted as well, and serves /docs
 */
export function createApp(
  dependencies: Dependencies,
  tokenIssuing: TokenIssuing = createTokenIssuing(dependencies),
  hasConsole = false,
): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>({
    defaultHook: async (result, context) => {
      if (result.success) return;
      // Every route with validated parameters requires a caller, who must be authenticated first: 401 before 400.
      await requireCaller(context, dependencies);
      throw badRequest(result.error);
    },
  });
  const { log, proxies, httpMetrics } = dependencies;
  app.use(requestLog({ log, addressOf: createClientAddress(proxies), metrics: httpMetrics }));
  if (dependencies.secure) app.use(requireHttps());
  // Before the limits, because forward-auth accepts the URL of any request and does not wait for its body.
  addForwardAuthRoutes(app, dependencies);
  app.use(limitBody(dependencies.takeTurn), limitQuery());
  allowOrigins(app, dependencies);
  addTokenRoutes(app, dependencies, tokenIssuing);
  addKeyRoutes(app, dependencies);
  app.route('/oauth2', createOAuthApp(dependencies, tokenIssuing));
  addMetadataRoutes(app, dependencies);
  addClusterRoutes(app, dependencies);
  addNamespaceRoutes(app, dependencies);
  addDeploymentRoutes(app, dependencies);
  addUserRoutes(app, dependencies);
  addInventoryRoute(app, dependencies);
  addAccessTokenRoutes(app, dependencies, tokenIssuing);
  addAboutRoute(app, dependencies);
  addDocumentRoutes(app, dependencies);
  addDocsRoutes(app, hasConsole);
  answerOtherMethods(app);
  app.notFound(answerNotFound);
  app.onError(answerError);
  return app;
}

/** Tells browsers to use only HTTPS for a year (RFC 6797). */
function requireHttps(): MiddlewareHandler<Environment> {
  return async (context, next) => {
    context.header('Strict-Transport-Security', 'max-age=31536000');
    return next();
  };
}

/** Paths that allowed origins may use; the console is not one of them. */
const sharedPaths = ['/apis/*', '/api/*', '/oauth2/*', '/.well-known/*', '/openapi.json'];

/** Must be called after forward-auth is added, where a preflight belongs to a request to another server. */
function allowOrigins(app: OpenAPIHono<Environment>, { allowedOrigins }: Dependencies): void {
  if (allowedOrigins.length === 0) return;
  for (const path of sharedPaths) app.use(path, shareWithOrigins(allowedOrigins));
}
