/** Plans the token in the Secret of a pair (`keyPairs[].token`). Pure. */
import { hash } from 'node:crypto';
import { clockToleranceSeconds } from '../../credential/clock-tolerance.ts';
import { annotations, previousKeys } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import { parseTokenRecord } from '../../credential/token-record.ts';
import { durationMs } from '../../kube/duration.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec, tokenDefaults } from '../model/access-key-record.ts';
import { type PairAtTime, pairFacts } from '../model/pair-facts.ts';
import { expiresAtMs, isAllowedBySpec, isRevokedByRotation } from '../model/pair-state.ts';
import { parseTime } from '../model/time.ts';
import type { SecretTokenRequest, SignedToken } from '../model/token-request.ts';

/** Issues the tokens in Secrets. The composition root passes it in, because this folder does not know tokens. */
export interface SecretTokens {
  /** iss of the tokens. */
  issuer: string;
  /** aud of the tokens, if the spec has none; undefined: they have no aud. */
  audience?: string | undefined;
  /** Whether tokens can be signed now. */
  isReady(): boolean;
  /** Whether tokens of this signing key are accepted. */
  isPublished(kid: string): boolean;
  issue(request: SecretTokenRequest): Promise<SignedToken>;
}

const clockToleranceMs = clockToleranceSeconds * 1000;

export type TokenStep =
  | { kind: 'keep' }
  /** A token is wanted, but cannot be issued, nor the present one be judged, without signing keys. */
  | { kind: 'wait' }
  /** The former data key, if the value under it must be removed. */
  | { kind: 'remove'; formerKey: string | undefined }
  | { kind: 'issue'; request: SecretTokenRequest; key: string; inputs: string; formerKey: string | undefined };

/** A pair of an AccessKey that holds its user, and the Secret with the pair. */
export interface TokenSituation extends PairAtTime {
  tokens: SecretTokens;
}

export function planToken(situation: TokenSituation): TokenStep {
  const { accessKey, pair, secret, tokens, now } = situation;
  const annotation = secret.annotations[annotations.token];
  const known = parseTokenRecord(annotation);
  const request = requestOf(situation);
  if (!request) {
    // If the annotation is lost, the spec has the data key of the token.
    const lostKey = pair.token && secret.otherKeys.find((key) => key === tokenKeyOf(pair));
    if (annotation === undefined && lostKey === undefined) return { kind: 'keep' };
    return { kind: 'remove', formerKey: removableKey(pair, known?.key ?? lostKey) };
  }
  if (!tokens.isReady()) return { kind: 'wait' };
  const key = tokenKeyOf(pair);
  const inputs = inputsOf(accessKey, request, tokens);
  const isCurrent =
    known?.key === key &&
    known.inputs === inputs &&
    known.digest === secret.tokenDigest &&
    tokens.isPublished(known.kid) &&
    now < known.renewAt &&
    // The clock was ahead when the token was issued: it is rejected until then.
    known.issuedAt <= now + clockToleranceMs &&
    known.renewAt <= now + clockToleranceMs + request.validForMs;
  if (isCurrent) return { kind: 'keep' };
  const formerKey = known?.key === key ? undefined : removableKey(pair, known?.key);
  return { kind: 'issue', request, key, inputs, formerKey };
}

/** @returns undefined if the Secret must not hold a token */
function requestOf({ accessKey, pair, secret, now }: TokenSituation): SecretTokenRequest | undefined {
  const tokensNotBefore = parseTime(pair.tokensNotBefore) ?? 0;
  // Until a time in the future, the pair gets no tokens.
  const lastsASecond = Math.floor(expiresAtMs(pair) / 1000) > Math.floor(now / 1000);
  const mayGetToken = isAllowedBySpec(accessKey, pair, now) && lastsASecond && tokensNotBefore <= now;
  if (!pair.token || !secret.pair || !mayGetToken) return undefined;
  if (isRevokedByRotation(pair, pairFacts({ accessKey, pair, secret, now }))) return undefined;
  return {
    accessKey,
    ak: secret.pair.ak,
    validForMs: durationMs(pair.token.validFor ?? tokenDefaults.validFor),
    audience: pair.token.audience,
    expiresAt: expiresAtMs(pair),
    tokensNotBefore,
    now,
  };
}

/** Everything that the token depends on; any change of it renews the token. */
function inputsOf({ uid, spec }: AccessKeyRecord, request: SecretTokenRequest, tokens: SecretTokens): string {
  const { name, groups = [] } = spec.user;
  const { ak, validForMs, audience = tokens.audience ?? '', expiresAt, tokensNotBefore } = request;
  const values = [tokens.issuer, uid, name, groups, ak, validForMs, audience, String(expiresAt), tokensNotBefore];
  return hash('sha256', JSON.stringify(values), 'base64url');
}

function tokenKeyOf({ token }: KeyPairSpec): string {
  return token?.key ?? tokenDefaults.key;
}

/** The annotation may be forged, so it never removes a key of the pairs. */
function removableKey(pair: KeyPairSpec, key: string | undefined): string | undefined {
  const { ak, sk } = dataKeysOf(pair);
  return key === undefined || [ak, sk, previousKeys.ak, previousKeys.sk].includes(key) ? undefined : key;
}

/**
 * Between 40 % and 50 % of the validity, by ak, so that tokens that were issued at the same time are not renewed at the
 * same time. A token that expires with its pair cannot be renewed.
 */
export function renewAtOf({ issuedAt, expiresAt }: SignedToken, request: SecretTokenRequest): number {
  if (expiresAt + 1000 > request.expiresAt) return expiresAt;
  const spread = Number.parseInt(hash('sha256', request.ak, 'hex').slice(0, 8), 16) / 2 ** 32;
  return Math.floor(issuedAt + (expiresAt - issuedAt) * (0.4 + 0.1 * spread));
}

/** When the token must be renewed, milliseconds since the epoch; undefined if the Secret holds none. */
export function tokenRenewalAt({ annotations: { [annotations.token]: annotation } }: SecretRecord): number | undefined {
  return parseTokenRecord(annotation)?.renewAt;
}
