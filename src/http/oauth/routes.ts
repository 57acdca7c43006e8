import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { secondsPerDay } from '../../token/claims.ts';
import type { IssuedToken } from '../../token/issue.ts';
import { authorizationOf, basicChallenge } from '../common/authorization.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { addressDenied, unknownAudience } from '../common/errors.ts';
import { forbidCaching, invalidClient, OAuthError, throttled } from '../common/oauth-error.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { introspectionRoute, tokenRoute } from './description.ts';
import { readOAuthForm } from './form.ts';
import { type GrantRequest, readGrantRequest } from './grant-request.ts';
import { createIntrospection } from './introspection.ts';

/** The OAuth 2.0 endpoints under /oauth2, without forward-auth. */
export function createOAuthApp(dependencies: Dependencies, tokenIssuing: TokenIssuing): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>();
  app.openAPIRegistry.registerPath(tokenRoute);
  app.openAPIRegistry.registerPath(introspectionRoute);
  const endpoints = {
    '/token': createTokenEndpoint(dependencies, tokenIssuing),
    '/introspect': createIntrospection(dependencies, tokenIssuing),
  };
  for (const [path, handle] of Object.entries(endpoints)) {
    app.post(path, async (context) => {
      forbidCaching(context);
      return context.json(await handle(context), 200);
    });
  }
  // Exists only because OpenID Connect Discovery requires it. Never redirects (RFC 6749 section 4.1.2.1).
  app.all('/authorize', () => {
    throw new OAuthError('unsupported_response_type', 'not supported, request tokens at the token endpoint');
  });
  return app;
}

/** A token response (RFC 6749 section 5.1, RFC 8693 section 2.2.1). */
interface TokenResponse {
  access_token: string;
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  /** Only for a token exchange. */
  issued_token_type?: string;
}

/**
 * Creates the token endpoint. OAuth 2.0 has no parameter for the validity of a token.
 *
 * @returns a handler that throws OAuthError, PlatformError, or an error of the cluster
 */
function createTokenEndpoint(dependencies: Dependencies, tokenIssuing: TokenIssuing) {
  const { token: options, tokenMetrics } = dependencies;

  const defaultSeconds = options.lifetime ?? options.defaultCycle * secondsPerDay;

  async function read(context: Context<Environment>): Promise<GrantRequest> {
    try {
      return readGrantRequest(
        await readOAuthForm(context),
        authorizationOf(context),
        options,
        dependencies.federation !== undefined,
      );
    } catch (error) {
      tokenMetrics.requested('invalid');
      throw error;
    }
  }

  return async (context: Context<Environment>): Promise<TokenResponse> => {
    const { credential, issuedType, audience, isAssertion } = await read(context);
    const issued = await tokenIssuing.issue(context, credential, { defaultSeconds, audience, type: options.type });
    if ('token' in issued) return { ...toResponse(issued), ...(issuedType && { issued_token_type: issuedType }) };
    if (issued.denied === 'audience') {
      throw new OAuthError('invalid_target', `resource and audience ${unknownAudience}`);
    }
    if (issued.denied === 'address') throw new OAuthError('invalid_grant', addressDenied('key pair').message);
    // RFC 8693 section 2.2.2 requires invalid_request for every invalid subject token.
    const code = 'pair' in credential ? 'invalid_client' : 'invalid_request';
    if (issued.retryAfterSeconds > 0) throw throttled(code, issued.retryAfterSeconds);
    if (isAssertion) throw new OAuthError('invalid_grant', invalidAssertion);
    if (code === 'invalid_request') throw new OAuthError(code, invalidSubjectToken);
    throw invalidClient('the client ID or the client secret is not valid', basicChallenge(options));
  };
}

/** The same text for all reasons, so that it does not reveal which ServiceAccounts are named. */
const invalidSubjectToken =
  'subject_token: must be a valid ServiceAccount token for the audience of this server, ' +
  'exactly one live AccessKey in its namespace must name the ServiceAccount in spec.serviceAccounts, ' +
  'and client_id, if sent, must be system:serviceaccount:<namespace>:<name>';

/** As above (RFC 7523 section 3.1). */
const invalidAssertion =
  'assertion: must be a valid token of a trusted issuer or of a ServiceAccount, for the audience of this server, ' +
  'and exactly one live AccessKey must name its subject';

function toResponse({ token, claims }: IssuedToken): TokenResponse {
  return { access_token: token, token_type: 'Bearer', expires_in: claims.exp - claims.iat };
}
