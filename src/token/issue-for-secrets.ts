import type { Logger } from 'pino';
import type { SecretTokenRequest, SignedToken } from '../accesskey/model/token-request.ts';
import { type ClaimsOptions, claimsFor } from './claims.ts';
import type { Sign } from './issue.ts';
import type { SigningKeys } from './keys/signing-keys.ts';

export interface SecretTokensOptions {
  claimsOptions: ClaimsOptions;
  /** Longest validity of a token, seconds. */
  maxSeconds: number;
  sign: Sign;
  /** undefined until loaded. */
  signingKeys: () => SigningKeys | undefined;
  /** Gets an audit record of each token. */
  log: Logger;
}

/**
 * Issues the tokens that Secrets hold (`keyPairs[].token`), with the same claims as a token that a client requests with the
 * pair.
 */
export function createSecretTokens({ claimsOptions, maxSeconds, sign, signingKeys, log }: SecretTokensOptions) {
  return {
    issuer: claimsOptions.issuer,
    audience: claimsOptions.audience,
    isReady: () => signingKeys() !== undefined,
    isPublished: (kid: string) => signingKeys()?.published.has(kid) === true,
    /** @throws Error if the signing keys are not loaded */
    async issue({
      accessKey,
      ak,
      validForMs,
      audience,
      expiresAt,
      tokensNotBefore,
      now,
    }: SecretTokenRequest): Promise<SignedToken> {
      const keys = signingKeys();
      if (!keys) throw new Error('the signing keys are not loaded');
      const { name, groups = [] } = accessKey.spec.user;
      const user = { id: accessKey.uid, name, groups };
      const claims = claimsFor(
        { clientId: ak, user, expiresAt, tokensNotBefore },
        {
          ...claimsOptions,
          ...(audience !== undefined && { audience }),
          seconds: Math.min(Math.floor(validForMs / 1000), maxSeconds),
          now,
        },
      );
      const token = await sign(claims, keys);
      const record = { ak, user: name, subject: user.id, expires: claims.exp };
      log.info({ audit: true, event: 'token.issued', ...record }, 'token issued for a Secret');
      return { token, kid: keys.active.kid, issuedAt: claims.iat * 1000, expiresAt: claims.exp * 1000 };
    },
  };
}
