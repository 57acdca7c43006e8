import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Dependencies, Environment } from './environment.ts';
import type { Minting } from './minting.ts';
import { forbidCaching } from './oauth-error.ts';
import { createIntrospection } from './oauth-introspection.ts';
import { createTokenEndpoint } from './oauth-token.ts';

const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });
const form = <T>(schema: T) => ({ body: { content: { 'application/x-www-form-urlencoded': { schema } } } });

const OAuthErrorBody = z
  .strictObject({ error: z.string(), error_description: z.string() })
  .openapi('OAuthError', { description: 'RFC 6749 section 5.2' });

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

const tags = ['OAuth 2.0'];
const errors = {
  400: json(OAuthErrorBody, 'RFC 6749 section 5.2'),
  401: json(OAuthErrorBody, 'The caller did not prove who it is'),
  429: json(OAuthErrorBody, 'As 401, and too many attempts failed from this address'),
  503: json(OAuthErrorBody, 'Not ready yet, or the cluster cannot be asked'),
};
const clientFields = { client_id: z.string().optional(), client_secret: z.string().optional() };

/** For the OpenAPI document: the requests themselves are read by the rules of OAuth 2.0. */
const tokenRoute = createRoute({
  ...{ method: 'post', path: '/token', tags },
  description: 'Client credentials (RFC 6749 section 4.4) and token exchange (RFC 8693)',
  request: form(
    z.object({
      grant_type: z.string(),
      ...clientFields,
      subject_token: z.string().optional(),
      subject_token_type: z.string().optional(),
      requested_token_type: z.string().optional(),
      resource: z.string().optional(),
      audience: z.string().optional(),
    }),
  ),
  responses: {
    200: json(
      z.strictObject({
        access_token: z.string(),
        token_type: z.literal('Bearer'),
        expires_in: z.int(),
        issued_token_type: z.string().optional(),
      }),
      'A token',
    ),
    ...errors,
  },
});

const introspectionRoute = createRoute({
  ...{ method: 'post', path: '/introspect', tags },
  description: 'Token introspection (RFC 7662)',
  request: form(z.object({ token: z.string(), token_type_hint: z.string().optional(), ...clientFields })),
  responses: { 200: json(z.looseObject({ active: z.boolean() }), 'Whether the token is active'), ...errors },
});
