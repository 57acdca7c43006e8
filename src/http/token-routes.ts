import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authorizationOf, basicOf } from './authorization.ts';
import type { Dependencies, Environment } from './environment.ts';
import { PlatformError, tooManyFailures, unauthenticated } from './errors.ts';
import type { Minting } from './minting.ts';
import { basicChallenge } from './oauth-error.ts';
import { describeTokenRoutes, tokenPaths } from './openapi/token-description.ts';
import { readTokenRequest, type TokenRequest, tokenParameters } from './token-request.ts';

/** Tokens for key pairs, in the form of the platform. */
export function addTokenRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies, minting: Minting): void {
  const { token: options, tokenMetrics } = dependencies;
  const parameters = tokenParameters(options);
  for (const path of Object.keys(tokenPaths) as (keyof typeof tokenPaths)[]) {
    for (const route of describeTokenRoutes(path, parameters)) app.openAPIRegistry.registerPath(route);
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
