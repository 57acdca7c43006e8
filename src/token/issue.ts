/**
 * Issues a token: authenticates a credential, derives the claims and signs them. Every endpoint gets its tokens here.
 */
import type { FoundPair, PairLookup } from '../accesskey/live/pair-lookup.ts';
import { clockToleranceSeconds } from '../credential/clock-tolerance.ts';
import type { KeyPair } from '../credential/key-pair.ts';
import { durationMs } from '../kube/duration.ts';
import { authenticate } from './authenticate.ts';
import { type ClaimsOptions, claimsFor, idOf, type Subject, type TokenClaims, type TokenType } from './claims.ts';
import type { SigningKeys } from './keys/signing-keys.ts';
import { clientField, type Refusal } from './refusal.ts';

/** What a client presents to get a token. */
export type Credential =
  | { pair: KeyPair }
  /** A token to exchange; `clientId` is the client_id of the request, if any. */
  | { subjectToken: string; clientId: string | undefined };

export interface IssuedToken {
  token: string;
  claims: TokenClaims;
  /** Name of the key pair; undefined for a ServiceAccount or a subject of a trusted issuer. */
  pairName: string | undefined;
}

/** Signs claims with the active key (sign.ts). */
export type Sign = (claims: TokenClaims, keys: SigningKeys) => Promise<string>;

/** A token to exchange: of a ServiceAccount, or of a trusted issuer. */
export interface ExchangeRequest {
  subjectToken: string;
  /** client_id of the request, if any. */
  clientId: string | undefined;
  /** IP address of the client. */
  address: string;
}

/** The validity of a token, seconds. It never exceeds that of the credential. */
export interface TokenValidity {
  /** Requested by the client. */
  seconds?: number | undefined;
  /** If neither the request nor the key pair has one. */
  defaultSeconds: number;
}

/** What a client requests. */
export interface TokenTerms extends TokenValidity {
  /** Requested audience. */
  audience?: string | undefined;
  /** Default: JWT. */
  type?: TokenType | undefined;
}

export interface IssueOptions {
  pairs: PairLookup;
  /** Exchanges a token (exchange.ts, federation/exchange.ts). */
  exchange: (request: ExchangeRequest) => Promise<Subject | Refusal>;
  sign: Sign;
  claimsOptions: ClaimsOptions;
  /** Longest validity that a key pair may set for its tokens, seconds. */
  maxSeconds: number;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export interface IssueRequest {
  terms: TokenTerms;
  /** IP address of the client. */
  address: string;
  keys: SigningKeys;
}

export type IssueToken = (credential: Credential, request: IssueRequest) => Promise<IssuedToken | Refusal>;

/**
 * @returns a function that issues a token for a credential; it throws KubernetesError or ConnectionError when the cluster
 * cannot review a ServiceAccount token, and IssuerError when the issuer of a token is unavailable
 */
export function createTokenIssuer(options: IssueOptions): IssueToken {
  const { pairs, exchange, sign, claimsOptions, maxSeconds, now } = options;
  return async (credential, { terms, address, keys }) => {
    const subject =
      'pair' in credential
        ? subjectOf(authenticate(pairs, credential.pair, { now: now(), address }), maxSeconds)
        : await exchange({ ...credential, address });
    if ('refused' in subject) return subject;
    const { audience = claimsOptions.audience } = terms;
    if (audience !== claimsOptions.audience && !subject.audiences?.includes(audience ?? '')) {
      return { refused: 'audience', ...clientField(subject) };
    }
    const seconds = terms.seconds ?? subject.tokenSeconds ?? terms.defaultSeconds;
    const time = now();
    const claims = claimsFor(subject, { ...claimsOptions, audience, seconds, now: time });
    if (claims.iat > time / 1000 + clockToleranceSeconds) {
      return { refused: 'not-before', ...clientField(subject) };
    }
    // The credential is still valid, but the token would expire within this second.
    if (claims.exp <= claims.iat) return { refused: 'expired', ...clientField(subject) };
    const issued = terms.type === 'at+jwt' ? { ...claims, jti: idOf(claims) } : claims;
    return { token: await sign(issued, keys), claims: issued, pairName: subject.pairName };
  };
}

function subjectOf(pair: FoundPair | Refusal, maxSeconds: number): Subject | Refusal {
  if ('refused' in pair) return pair;
  const { ak, user, expiresAt, pairName, tokenLifetime, tokensNotBefore, audiences } = pair;
  const tokenSeconds = tokenLifetime === undefined ? undefined : Math.min(durationMs(tokenLifetime) / 1000, maxSeconds);
  return { clientId: ak, user, expiresAt, pairName, tokenSeconds, tokensNotBefore, audiences };
}
