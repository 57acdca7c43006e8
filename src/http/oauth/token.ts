import type { Context } from 'hono';
import type { IssuedToken } from '../../token/issue.ts';
import { authorizationOf } from '../common/authorization.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { basicChallenge, invalidClient, OAuthError, throttled } from '../common/oauth-error.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { readOAuthForm } from './form.ts';
import { type GrantRequest, readGrantRequest } from './grant-request.ts';

/** A successful answer (RFC 6749 section 5.1, RFC 8693 section 2.2.1). */
export interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  /** For a token exchange. */
  issued_token_type?: string;
}

/**
 * The token endpoint of OAuth 2.0. A lifetime cannot be asked for there; it is the default cycle.
 *
 * @returns answers a request; throws OAuthError, PlatformError, or what the cluster's silence makes of it
 */
export function createTokenEndpoint(dependencies: Dependencies, tokenIssuing: TokenIssuing) {
  const { token: options, tokenMetrics } = dependencies;

  async function read(context: Context<Environment>): Promise<GrantRequest> {
    try {
      return readGrantRequest(await readOAuthForm(context), authorizationOf(context), options);
    } catch (error) {
      tokenMetrics?.requested('invalid');
      throw error;
    }
  }

  return async (context: Context<Environment>): Promise<TokenAnswer> => {
    const { credential, issuedType } = await read(context);
    const issued = await tokenIssuing.issue(context, credential, options.defaultCycle);
    if ('token' in issued) return { ...toAnswer(issued), ...(issuedType && { issued_token_type: issuedType }) };
    // RFC 8693 section 2.2.2: invalid_request, whatever is wrong with the subject token.
    const code = 'pair' in credential ? 'invalid_client' : 'invalid_request';
    if (issued.retryAfterSeconds > 0) throw throttled(code, issued.retryAfterSeconds);
    if (code === 'invalid_request') throw new OAuthError(code, refusedSubject);
    throw invalidClient('the client id or the client secret is not valid', basicChallenge(options));
  };
}

/** One text for all, so that a stranger cannot find out which ServiceAccounts are named. */
const refusedSubject =
  'subject_token: must be a valid token of a ServiceAccount, for the audience of this server, ' +
  'and exactly one live AccessKey of its namespace must name the ServiceAccount in spec.serviceAccounts';

function toAnswer({ token, claims }: IssuedToken): TokenAnswer {
  return { access_token: token, token_type: 'Bearer', expires_in: claims.exp - claims.iat };
}
