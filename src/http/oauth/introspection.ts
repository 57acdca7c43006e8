import type { Context } from 'hono';
import type { Caller } from '../../token/verify.ts';
import { authorizationOf, bearerOf } from '../common/authorization.ts';
import { checkToken, noteUse } from '../common/bearer.ts';
import type { Dependencies, Environment } from '../common/environment.ts';
import { basicChallenge, invalidClient, OAuthError, throttled } from '../common/oauth-error.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { clientOf } from './client.ts';
import { type OAuthForm, readOAuthForm } from './form.ts';

/** The answer of RFC 7662 section 2.2. Of a token that is not active nothing else is told. */
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

type Asking = Pick<Caller, 'id' | 'name' | 'groups'>;

/**
 * Token introspection (RFC 7662) for who authenticates, by a pair or by a token of ours. A user may ask about their own
 * tokens; about those of others only who may create TokenReviews, the right to ask the cluster the same. To others a
 * token is not active (section 2.2), so they do not learn that it is.
 *
 * @returns answers a request; throws OAuthError, PlatformError, or what the cluster's silence makes of it
 */
export function createIntrospection(dependencies: Dependencies, tokenIssuing: TokenIssuing) {
  const { token: options, authorizer } = dependencies;

  async function authenticate(context: Context<Environment>, form: OAuthForm): Promise<Asking> {
    const authorization = authorizationOf(context);
    const bearer = bearerOf(authorization);
    if (bearer !== undefined) {
      // RFC 6749 section 2.3: one way only.
      if (form.get('client_secret') !== undefined) {
        throw new OAuthError('invalid_request', 'the caller must authenticate in one way only');
      }
      return byToken(context, bearer);
    }
    const pair = clientOf(authorization, form);
    if (!pair) throw invalidClient('the caller must authenticate', basicChallenge(options));
    const checked = tokenIssuing.authenticate(context, pair);
    if ('user' in checked) return checked.user;
    if (checked.retryAfterSeconds > 0) throw throttled('invalid_client', checked.retryAfterSeconds);
    throw invalidClient('the client id or the client secret is not valid', basicChallenge(options));
  }

  async function byToken(context: Context<Environment>, token: string): Promise<Asking> {
    const caller = await checkToken(token, dependencies);
    if (!('refused' in caller)) {
      noteUse(caller, dependencies);
      return caller;
    }
    context.get('logFields').refused = caller.refused;
    const challenge = `Bearer realm="${options.issuer}", error="invalid_token"`;
    throw invalidClient('the bearer token is not valid', challenge);
  }

  return async (context: Context<Environment>): Promise<Introspection> => {
    const form = await readOAuthForm(context);
    const asking = await authenticate(context, form);
    context.get('logFields').user = asking.name;
    const subject = await checkToken(form.require('token'), dependencies);
    if ('refused' in subject) return { active: false };
    const may = subject.id === asking.id || (await authorizer.mayReviewTokens(asking));
    return may ? toAnswer(subject, options) : { active: false };
  };
}

function toAnswer(subject: Caller, { issuer, audience }: Dependencies['token']): Introspection {
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
    ...(audience !== undefined && { aud: audience }),
  };
}
