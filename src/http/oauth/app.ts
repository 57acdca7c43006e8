import { OpenAPIHono } from '@hono/zod-openapi';
import type { Dependencies, Environment } from '../common/environment.ts';
import { forbidCaching } from '../common/oauth-error.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { introspectionRoute, tokenRoute } from './description.ts';
import { createIntrospection } from './introspection.ts';
import { createTokenEndpoint } from './token.ts';

/** What stands under /oauth2 and answers in the forms of OAuth 2.0, errors included. */
export function createOAuthApp(dependencies: Dependencies, tokenIssuing: TokenIssuing): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>();
  app.openAPIRegistry.registerPath(tokenRoute);
  app.openAPIRegistry.registerPath(introspectionRoute);
  const endpoints = {
    '/token': createTokenEndpoint(dependencies, tokenIssuing),
    '/introspect': createIntrospection(dependencies, tokenIssuing),
  };
  for (const [path, answer] of Object.entries(endpoints)) {
    app.post(path, async (context) => {
      forbidCaching(context);
      return context.json(await answer(context), 200);
    });
  }
  return app;
}
