import type { Context } from 'hono';
import type { Caller } from '../../token/verify.ts';
import { authorizationOf, basicChallenge, bearerChallenge, bearerOf } from '../common/authorization.ts';
import { checkToken, recordUse } from '../common/bearer.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { addressDenied } from '../common/errors.ts';
import { invalidClient, OAuthError, throttled } from '../common/oauth-error.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { clientOf, type OAuthForm, readOAuthForm } from './form.ts';

/** An introspection response (RFC 7662 section 2.2). */
export type Introspection =
  | { active: false }
  | {
      active: true;
      iss: string;
      sub: string;
      username: string;
      groups: readonly string[];
      client_id: string;
      /** Seconds since the epoch. */
      iat: number;
      /** Seconds since the epoch. */
      exp: number;
      token_type: 'Bearer';
      aud?: string;
    };

type Requester = Pick<Caller, 'id' | 'name' | 'groups'>;

/**
 * Creates the introspection endpoint (RFC 7662), for clients that authenticate with a key pair or a bearer token. Users may
 * introspect their own tokens; tokens of other users require the permission to create TokenReviews, which gives the same
 * information about cluster tokens. Without it, the response is `active: false` (section 2.2).
 *
 * @returns a handler that throws OAuthError, PlatformError, or an error of the cluster
 */
export function createIntrospection(dependencies: Dependencies, tokenIssuing: TokenIssuing) {
  const { token: options, authorizer } = dependencies;

  async function authenticate(context: Context<Environment>, form: OAuthForm): Promise<Requester> {
    const authorization = authorizationOf(context);
    const bearer = bearerOf(authorization);
    if (bearer !== undefined) {
      // RFC 6749 section 2.3.
      if (form.get('client_secret') !== undefined) {
        throw new OAuthError('invalid_request', 'the client must use only one authentication method');
      }
      return authenticateWithToken(context, bearer);
    }
    const pair = clientOf(authorization, form);
    if (!pair) throw invalidClient('client authentication is required', basicChallenge(options));
    const checked = tokenIssuing.authenticate(context, pair);
    if ('user' in checked) return checked.user;
    if (checked.denied === 'address') {
      throw invalidClient(addressDenied('key pair').message, basicChallenge(options));
    }
    if (checked.retryAfterSeconds > 0) throw throttled('invalid_client', checked.retryAfterSeconds);
    throw invalidClient('the client ID or the client secret is not valid', basicChallenge(options));
  }

  async function authenticateWithToken(context: Context<Environment>, token: string): Promise<Requester> {
    const caller = await checkToken(token, { address: context.get('clientAddress'), dependencies });
    if (!('refused' in caller)) {
      recordUse(context, caller, dependencies);
      return caller;
    }
    context.get('logFields').refused = caller.refused;
    throw invalidClient('the bearer token is not valid', bearerChallenge(options, 'invalid_token'));
  }

  return async (context: Context<Environment>): Promise<Introspection> => {
    const form = await readOAuthForm(context);
    const requester = await authenticate(context, form);
    context.get('logFields').user = requester.name;
    // The requester is a resource server, and the address of the client that uses the token is not known.
    const subject = await checkToken(form.require('token'), { address: undefined, acceptListed: true, dependencies });
    if ('refused' in subject) return { active: false };
    const isAllowed = subject.id === requester.id || (await authorizer.mayReviewTokens(requester));
    return isAllowed ? toResponse(subject, options) : { active: false };
  };
}

function toResponse(subject: Caller, { issuer }: Dependencies['token']): Introspection {
  return {
    active: true,
    iss: issuer,
    sub: subject.id,
    username: subject.name,
    groups: subject.groups,
    client_id: subject.clientId,
    iat: subject.issuedAt,
    exp: subject.expiresAt,
    token_type: 'Bearer',
    ...(subject.audience !== undefined && { aud: subject.audience }),
  };
}
