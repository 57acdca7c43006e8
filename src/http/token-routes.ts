import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authorizationOf, basicOf } from './authorization.ts';
import type { Dependencies, Environment } from './environment.ts';
import { ErrorBody, PlatformError, tooManyFailures, unauthenticated } from './errors.ts';
import type { Minting } from './minting.ts';
import { basicChallenge } from './oauth-error.ts';
import { readTokenRequest, type TokenRequest, tokenParameters } from './token-request.ts';

const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });
const Token = z.strictObject({ token: z.string().openapi({ description: 'JWT (RFC 7519)' }) }).openapi('Token');
const paths = ['/apis/ghippo.io/v1alpha1/token', '/api/v1/cube/key/token'] as const;

/** Tokens for key pairs, in the form of the platform. */
export function addTokenRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies, minting: Minting): void {
  const { token: options, tokenMetrics } = dependencies;
  const parameters = tokenParameters(options);
  for (const path of paths) {
    for (const route of describeRoutes(path, parameters)) app.openAPIRegistry.registerPath(route);
    app.on(['GET', 'POST'], path, answer);
  }

  async function answer(context: Context<Environment>): Promise<Response> {
    context.header('Cache-Control', 'no-store');
    const { ak, sk, cycle } = await read(context);
    const minted = await minting.mint(context, { pair: { ak, sk } }, cycle);
    if ('token' in minted) return context.json({ token: minted.token }, 200);
    if (minted.retryAfterSeconds > 0) throw tooManyFailures(minted.retryAfterSeconds);
    const isBasic = basicOf(authorizationOf(context)) !== undefined;
    const challenge = isBasic ? basicChallenge(options) : `AccessKey realm="${options.issuer}"`;
    throw unauthenticated('the access key or the secret key is not valid', challenge);
  }

  async function read(context: Context<Environment>): Promise<TokenRequest> {
    try {
      return await readTokenRequest(context, parameters);
    } catch (error) {
      if (error instanceof PlatformError) tokenMetrics?.requested('invalid');
      throw error;
    }
  }
}

/** For the OpenAPI document; the requests are read by `readTokenRequest`, since the pair can come in three ways. */
function describeRoutes(path: string, parameters: ReturnType<typeof tokenParameters>) {
  const responses = {
    200: json(Token, 'A token'),
    400: json(ErrorBody, 'A parameter is missing or wrong'),
    401: json(ErrorBody, 'The pair is not valid'),
    429: json(ErrorBody, 'The pair is not valid, and too many were not from this address'),
    503: json(ErrorBody, 'Not ready yet'),
  };
  const tags = ['Tokens'];
  const schema = parameters.partial({ ak: true, sk: true });
  const content = { 'application/x-www-form-urlencoded': { schema }, 'application/json': { schema } };
  return [
    createRoute({ method: 'get', path, tags, request: { query: schema }, responses }),
    createRoute({
      ...{ method: 'post', path, tags },
      description: 'The pair is in the body, or in Authorization: Basic; cycle in the body or in the query',
      request: { query: parameters.pick({ cycle: true }), body: { content } },
      responses: { ...responses, 415: json(ErrorBody, 'The body is neither a form nor JSON') },
    }),
  ];
}
