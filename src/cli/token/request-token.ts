/** Requests a token from the server: build, send and read the response. */
import { buildTokenRequest, type Credential, type TokenTerms } from './request.ts';
import { type IssuedToken, readTokenResponse } from './response.ts';
import { type SendOptions, send } from './send.ts';

export interface RequestOptions extends SendOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** @throws TokenError that says why there is no token and what to do; the reason of the signal if it aborts */
export async function requestToken(
  credential: Credential,
  terms: TokenTerms,
  { now, ...options }: RequestOptions,
): Promise<IssuedToken> {
  const request = buildTokenRequest(credential, terms);
  // Before the request, so that the computed expiry is never later than the real one.
  const sentAt = now();
  const response = await send(request, options);
  const isPair = 'pair' in credential;
  const secrets = 'pair' in credential ? [credential.pair.sk] : [credential.subjectToken];
  return readTokenResponse(response, { server: terms.server, isPair, sentAt, secrets });
}
