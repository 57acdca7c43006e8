import {
  CompactSign,
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { Algorithm, KeyPolicy, KeyState } from './facts.ts';
import { formatKeys, parseKeys, publicMembersOf, SigningKeyError, type StoredKey } from './format.ts';
import { type KeyPlan, planKeys } from './plan.ts';
import { createVerifiedTokens, type VerifiedTokens } from './verified-tokens.ts';

export { SigningKeyError } from './format.ts';

/** Minimum of RFC 7518 section 3.3, bits. */
const modulusLength = 2048;

/** A public key, used only with its own algorithm. */
export interface VerificationKey {
  algorithm: Algorithm;
  key: CryptoKey;
}

/** A parsed and checked key set. */
export interface SigningKeys {
  /** The key that signs. */
  active: { kid: string; algorithm: Algorithm; key: CryptoKey };
  /** The public keys to publish (RFC 7517 section 5), the active key first. */
  jwks: { keys: JWK[] };
  /** The same keys by kid, for verification. */
  published: ReadonlyMap<string, VerificationKey>;
  /** Cache of tokens verified with these keys. */
  verified: VerifiedTokens;
}

/**
 * Generates the first key set: an active key and a next key.
 *
 * @returns the stored form (format.ts)
 */
export async function generateSigningKeys(now: Date, policy: KeyPolicy): Promise<string> {
  const plan = planKeys<StoredKey>([], { policy, now: now.getTime() });
  return formatKeys(plan ? await completePlan(plan, policy, now.getTime()) : []);
}

/**
 * Generates the keys that a plan creates.
 *
 * @param now milliseconds since the epoch
 * @returns the complete set: active, next, retired
 */
export async function completePlan(
  { keys, create }: KeyPlan<StoredKey>,
  policy: KeyPolicy,
  now: number,
): Promise<StoredKey[]> {
  const created = await Promise.all(create.map((state) => generateKey(state, policy, now)));
  const all = [...keys, ...created];
  const of = (state: KeyState) => all.filter((key) => key.state === state);
  return [...of('active'), ...of('next'), ...of('retired')];
}

async function generateKey(state: KeyState, { algorithm, maxCycleDays }: KeyPolicy, now: number): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(algorithm, { modulusLength, extractable: true });
  const jwk = await exportJWK(privateKey);
  const signing = state === 'active' ? { activatedAt: now, longestCycleDays: maxCycleDays } : {};
  return { kid: await calculateJwkThumbprint(jwk), algorithm, state, createdAt: now, ...signing, jwk };
}

/**
 * Parses a stored key set.
 *
 * @throws SigningKeyError if the form is invalid (see `parseKeys`), a kid is not the RFC 7638 thumbprint of its key, a key
 * is too short, or a private key does not match its public key
 */
export async function parseSigningKeys(json: string): Promise<SigningKeys> {
  const stored = parseKeys(json);
  const parsed = await Promise.all(stored.map((key, index) => prepare(key, `keys.${index}`)));
  const active = parsed.find(({ state }) => state === 'active');
  if (!active?.privateKey) throw new SigningKeyError('keys: no active key');
  const { kid, algorithm, privateKey } = active;
  return {
    active: { kid, algorithm, key: privateKey },
    jwks: { keys: [active, ...parsed.filter((key) => key !== active)].map(({ published }) => published) },
    published: new Map(parsed.map((one) => [one.kid, { algorithm: one.algorithm, key: one.publicKey }])),
    verified: createVerifiedTokens(),
  };
}

/** @param path of the key in the set, for error messages */
async function prepare({ kid, algorithm, state, jwk }: StoredKey, path: string) {
  const publicJwk = publicMembersOf(jwk, algorithm);
  if ((await thumbprint(publicJwk, path)) !== kid) {
    throw new SigningKeyError(`${path}.kid: must be the thumbprint of the key`);
  }
  const publicKey = await importKey(publicJwk, algorithm, `${path}: not a public key of its algorithm`);
  requireLength(publicKey, path);
  const published = { ...publicJwk, kid, alg: algorithm, use: 'sig' };
  if (state === 'retired') return { kid, algorithm, state, published, publicKey };
  const privateKey = await importKey(jwk, algorithm, `${path}: not a private key of its algorithm`);
  await requireMatch({ privateKey, publicKey, algorithm }, path);
  return { kid, algorithm, state, published, publicKey, privateKey };
}

async function thumbprint(publicJwk: JWK, path: string): Promise<string> {
  try {
    return await calculateJwkThumbprint(publicJwk);
  } catch {
    throw new SigningKeyError(`${path}: not a public key of its algorithm`);
  }
}

async function importKey(jwk: JWK, algorithm: Algorithm, message: string): Promise<CryptoKey> {
  try {
    return (await importJWK(jwk, algorithm)) as CryptoKey;
  } catch {
    throw new SigningKeyError(message);
  }
}

function requireLength(key: CryptoKey, path: string): void {
  const { modulusLength: bits = modulusLength } = key.algorithm as { modulusLength?: number };
  if (bits < modulusLength) throw new SigningKeyError(`${path}.n: must have at least ${modulusLength} bits`);
}

/**
 * Signs and verifies once: importing a key does not check that its private and public members match, and tokens signed
 * with a mismatched key cannot be verified.
 */
async function requireMatch(
  { privateKey, publicKey, algorithm }: { privateKey: CryptoKey; publicKey: CryptoKey; algorithm: Algorithm },
  path: string,
): Promise<void> {
  try {
    const header = { alg: algorithm };
    const signed = await new CompactSign(new Uint8Array(32)).setProtectedHeader(header).sign(privateKey);
    await compactVerify(signed, publicKey);
  } catch {
    throw new SigningKeyError(`${path}: the private key does not match the public key`);
  }
}
