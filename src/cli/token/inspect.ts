/** Verifies a token and explains every reason why it is invalid. */
import {
  compactVerify,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type ProtectedHeaderParameters,
} from 'jose';
import { problemsOfClaims } from './claims-problems.ts';

/** What a token must satisfy. */
export interface Expectations {
  readonly keys: JSONWebKeySet;
  /** Default: any issuer. */
  readonly issuer?: string | undefined;
  /** Default: any audience. */
  readonly audience?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A token in words. Contains no signature, so it cannot be used as a token. */
export interface Inspection {
  readonly valid: boolean;
  /** Why it is invalid; empty if it is valid. */
  readonly problems: readonly string[];
  readonly header?: ProtectedHeaderParameters;
  readonly claims?: JWTPayload;
}

/**
 * Verifies the signature with the keys of the issuer (RFC 7515), and the claims (RFC 7519 section 7.2). The header chooses
 * among the published keys; its algorithm must be that of the key (RFC 8725 section 3.1).
 *
 * @returns all problems at once, for any text
 */
export async function inspectToken(token: string, expected: Expectations): Promise<Inspection> {
  const decoded = decode(token);
  if (!decoded) return { valid: false, problems: ['it is not a JWT: three parts in base64url with JSON are required'] };
  const { header, claims } = decoded;
  const signature = await problemOfSignature(token, header, expected.keys);
  const problems = [...(signature === undefined ? [] : [signature]), ...problemsOfClaims(claims, expected)];
  return { valid: problems.length === 0, problems, header, claims };
}

function decode(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } | undefined {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    return undefined;
  }
}

/** Symmetric algorithms and `none` are never accepted: the keys are public. */
const asymmetric = /^(RS|PS|ES)(256|384|512)$|^(EdDSA|Ed25519|ML-DSA-\d+)$/;

async function problemOfSignature(
  token: string,
  { alg = 'none', kid }: ProtectedHeaderParameters,
  keys: JSONWebKeySet,
): Promise<string | undefined> {
  if (!asymmetric.test(alg)) return `its algorithm ${quote(alg)} is not a signature with a public key`;
  const named = keys.keys.filter((key) => kid === undefined || key.kid === kid);
  if (named.length === 0) {
    return `the issuer has no key with the kid ${quote(kid)}: the key was revoked, or another issuer signed the token`;
  }
  if (!named.some((key) => key.alg === undefined || key.alg === alg)) {
    return `its algorithm ${quote(alg)} is not that of the key ${quote(kid)}, which is ${quote(named[0]?.alg)}`;
  }
  try {
    await compactVerify(token, createLocalJWKSet({ keys: named }));
    return undefined;
  } catch (error) {
    return signatureProblem(error);
  }
}

function signatureProblem(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'its signature is wrong: the token was changed or truncated, or another key signed it';
  }
  if (error instanceof errors.JOSEError) return `its signature cannot be verified: ${error.message}`;
  throw error;
}

/** Claims and headers of an unverified token may contain anything. */
function quote(value: string | undefined): string {
  return JSON.stringify(value ?? null).slice(0, 200);
}
