import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { FoundPair } from '../../accesskey/live/pair-lookup.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import { secondsPerDay } from '../../token/claims.ts';
import type { TokenTerms } from '../../token/issue.ts';
import { authorizationOf, basicChallenge, basicOf } from '../common/authorization.ts';
import { requireKeys } from '../common/bearer.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import {
  addressDenied,
  PlatformError,
  tooManyFailures,
  unauthenticated,
  unknownAudience,
  violation,
} from '../common/errors.ts';
import { describeTokenRoutes, tokenPaths } from './description.ts';
import type { FailedAttempt, TokenIssuing } from './issuing.ts';
import { readTokenRequest, type TokenRequest, tokenParameters } from './request.ts';

/** Adds the token endpoint in the format of the platform. */
export function addTokenRoutes(
  app: OpenAPIHono<Environment>,
  dependencies: Dependencies,
  tokenIssuing: TokenIssuing,
): void {
  const { token: options, tokenMetrics } = dependencies;
  const parameters = tokenParameters(options);
  for (const path of Object.keys(tokenPaths) as (keyof typeof tokenPaths)[]) {
    for (const route of describeTokenRoutes(path, parameters)) app.openAPIRegistry.registerPath(route);
    app.on(['GET', 'POST'], path, answer);
  }

  async function answer(context: Context<Environment>): Promise<Response> {
    context.header('Cache-Control', 'no-store');
    const { ak, sk, cycle, audience } = await read(context);
    const pair = { ak, sk };
    // A response to HEAD has no body, so no token is issued.
    const isHead = context.req.method === 'HEAD';
    const issued = isHead
      ? check(context, pair)
      : await tokenIssuing.issue(context, { pair }, termsOf(cycle, audience));
    if ('user' in issued) return context.body(null, 200, { 'Content-Type': 'application/json' });
    if ('token' in issued) return context.json({ token: issued.token }, 200);
    if (issued.denied === 'audience') throw violation('audience', unknownAudience);
    if (issued.denied === 'address') throw addressDenied('key pair');
    if (issued.retryAfterSeconds > 0) throw tooManyFailures(issued.retryAfterSeconds);
    const isBasic = basicOf(authorizationOf(context)) !== undefined;
    const challenge = isBasic ? basicChallenge(options) : `AccessKey realm="${options.issuer}"`;
    throw unauthenticated('the access key or the secret key is not valid', challenge);
  }

  function termsOf(cycle: number | undefined, audience: string | undefined): TokenTerms {
    const seconds = cycle === undefined ? undefined : cycle * secondsPerDay;
    return { seconds, defaultSeconds: options.defaultCycle * secondsPerDay, audience };
  }

  function check(context: Context<Environment>, pair: KeyPair): FoundPair | FailedAttempt {
    requireKeys(dependencies);
    return tokenIssuing.authenticate(context, pair);
  }

  async function read(context: Context<Environment>): Promise<TokenRequest> {
    try {
      return await readTokenRequest(context, parameters);
    } catch (error) {
      if (error instanceof PlatformError) tokenMetrics.requested('invalid');
      throw error;
    }
  }
}
