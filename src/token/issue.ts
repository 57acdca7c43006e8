/**
 * Issues a token: authenticates a credential, derives the claims and signs them. Every endpoint gets its tokens here.
 */
import { parseFederatedClientId } from '../accesskey/live/live-federated.ts';
import type { FoundPair, PairLookup } from '../accesskey/live/pair-lookup.ts';
import type { KeyPairState } from '../accesskey/model/access-key-record.ts';
import { isAddressAllowed } from '../accesskey/model/networks.ts';
import { liveStates } from '../accesskey/model/pair-state.ts';
import { durationMs } from '../accesskey/model/time.ts';
import { type KeyPair, matches } from '../credential/key-pair.ts';
import {
  type ClaimsOptions,
  claimsFor,
  clockToleranceSeconds,
  idOf,
  type Subject,
  type TokenClaims,
  type TokenType,
} from './claims.ts';
import type { SigningKeys } from './keys/signing-keys.ts';

/** What a client presents to get a token. */
export type Credential =
  | { pair: KeyPair }
  /** A ServiceAccount token; `clientId` is the client_id of the request, if any. */
  | { subjectToken: string; clientId: string | undefined };

/** Why a credential gets no token. For the log only. */
export type RefusalReason =
  | 'unknown access key'
  | 'wrong secret key'
  | 'disabled'
  | 'expired'
  | 'conflict'
  | 'pending'
  | 'tokensNotBefore is in the future'
  | 'the AccessKey does not list the audience'
  | 'allowedCIDRs do not contain the client address'
  | 'not a ServiceAccount token for this audience'
  | 'client_id is not the ServiceAccount of the token'
  | 'no live AccessKey names the ServiceAccount'
  | 'several live AccessKeys name the ServiceAccount'
  | 'the cluster does not accept the token'
  | 'client_id is not the subject of the token'
  | 'the token of the issuer is not valid'
  | 'the issuer sent an invalid response'
  | 'no live AccessKey names the subject'
  | 'several live AccessKeys name the subject'
  | 'the AccessKey names the subject with another audience'
  | 'too many failed attempts';

/**
 * A credential that gets no token. The response depends only on `retryAfterSeconds`; the other fields are for the log.
 */
export interface Refusal {
  refused: RefusalReason;
  /** The ak, only if it identifies a key pair: an unknown ak may be a secret key in the wrong field. */
  ak?: string;
  /** The ServiceAccount, only if an AccessKey names it. */
  serviceAccount?: string;
  /** The subject of another issuer, only if an AccessKey names it. */
  federated?: string;
  /** Why the token of an issuer is not valid. */
  detail?: string;
  /** Whole seconds until the next attempt, if the token was not checked because of too many failures. */
  retryAfterSeconds?: number;
}

export interface IssuedToken {
  token: string;
  claims: TokenClaims;
  /** Name of the key pair; undefined for a ServiceAccount. */
  pairName: string | undefined;
}

/** Signs claims with the active key (sign.ts). */
export type Sign = (claims: TokenClaims, keys: SigningKeys) => Promise<string>;

/** A ServiceAccount token to exchange. */
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
  /** Exchanges a ServiceAccount token (exchange.ts). */
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
 * cannot review a ServiceAccount token
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
      return { refused: 'the AccessKey does not list the audience', ...clientField(subject) };
    }
    const seconds = terms.seconds ?? subject.tokenSeconds ?? terms.defaultSeconds;
    const time = now();
    const claims = claimsFor(subject, { ...claimsOptions, audience, seconds, now: time });
    if (claims.iat > time / 1000 + clockToleranceSeconds) {
      return { refused: 'tokensNotBefore is in the future', ...clientField(subject) };
    }
    // The credential is still valid, but the token would expire within this second.
    if (claims.exp <= claims.iat) return { refused: 'expired', ...clientField(subject) };
    const issued = terms.type === 'at+jwt' ? { ...claims, jti: idOf(claims) } : claims;
    return { token: await sign(issued, keys), claims: issued, pairName: subject.pairName };
  };
}

/** The digest to compare with if the ak is unknown, so that an unknown ak takes as much work as a wrong sk. */
const dummyDigest = Buffer.alloc(32);

const refusalByState: Readonly<Record<KeyPairState, RefusalReason>> = {
  // Unused: `authenticate` returns a live pair that matches.
  Active: 'wrong secret key',
  Rotating: 'wrong secret key',
  Disabled: 'disabled',
  Expired: 'expired',
  Conflict: 'conflict',
  Pending: 'pending',
};

/**
 * Authenticates a key pair.
 *
 * @param options `now` in milliseconds since the epoch; `address` of the client; `compare` compares an sk with a SHA-256
 * digest in constant time
 */
export function authenticate(
  pairs: PairLookup,
  { ak, sk }: KeyPair,
  { now, address, compare = matches }: { now: number; address: string; compare?: typeof matches },
): FoundPair | Refusal {
  const found = pairs.find(ak, now);
  if (found.length === 0) {
    compare(sk, dummyDigest);
    return { refused: 'unknown access key' };
  }
  const matching = found.filter((one) => compare(sk, one.digest));
  const [first] = matching;
  if (!first) return { refused: 'wrong secret key', ak };
  const live = matching.find((one) => liveStates.has(one.state));
  if (!live) return { refused: refusalByState[first.state], ak };
  return isAddressAllowed(live.allowedCIDRs, address)
    ? live
    : { refused: 'allowedCIDRs do not contain the client address', ak };
}

function subjectOf(pair: FoundPair | Refusal, maxSeconds: number): Subject | Refusal {
  if ('refused' in pair) return pair;
  const { ak, user, expiresAt, pairName, tokenLifetime, tokensNotBefore, audiences } = pair;
  const tokenSeconds = tokenLifetime === undefined ? undefined : Math.min(durationMs(tokenLifetime) / 1000, maxSeconds);
  return { clientId: ak, user, expiresAt, pairName, tokenSeconds, tokensNotBefore, audiences };
}

/** @returns the field of a log line that identifies a client */
export function clientField({
  clientId,
  pairName,
}: Pick<Subject, 'clientId' | 'pairName'>): Pick<Refusal, 'ak' | 'serviceAccount' | 'federated'> {
  if (pairName !== undefined) return { ak: clientId };
  return parseFederatedClientId(clientId) ? { federated: clientId } : { serviceAccount: clientId };
}
