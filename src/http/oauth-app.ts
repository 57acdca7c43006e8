import { OpenAPIHono } from '@hono/zod-openapi';
import type { Dependencies, Environment } from './environment.ts';
import type { Minting } from './minting.ts';
import { forbidCaching } from './oauth-error.ts';
import { createIntrospection } from './oauth-introspection.ts';
import { createTokenEndpoint } from './oauth-token.ts';
import { introspectionRoute, tokenRoute } from './openapi/oauth-description.ts';

/** What stands under /oauth2 and answers in the forms of OAuth 2.0, errors included. */
export function createOAuthApp(dependencies: Dependencies, minting: Minting): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>();
  app.openAPIRegistry.registerPath(tokenRoute);
  app.openAPIRegistry.registerPath(introspectionRoute);
  const endpoints = {
    '/token': createTokenEndpoint(dependencies, minting),
    '/introspect': createIntrospection(dependencies, minting),
  };
  for (const [path, answer] of Object.entries(endpoints)) {
    app.post(path, async (context) => {
      forbidCaching(context);
      return context.json(await answer(context), 200);
    });
  }
  return app;
}
