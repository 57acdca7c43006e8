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
import { type Algorithm, defaultKeyPolicy, type KeyPolicy, type KeyState } from './facts.ts';
import { formatKeys, parseKeys, publicHalf, SigningKeyError, type StoredKey } from './format.ts';
import { type KeyPlan, planKeys } from './plan.ts';
import { createVerifiedTokens, type VerifiedTokens } from './verified-tokens.ts';

export { SigningKeyError } from './format.ts';

/** RFC 7518 section 3.3 asks for 2048 bits at least. */
const modulusLength = 2048;

/** A key that verifies tokens of its own algorithm and no other. */
export interface VerificationKey {
  algorithm: Algorithm;
  key: CryptoKey;
}

/** Keys ready for use. */
export interface SigningKeys {
  /** The key that signs. */
  active: { kid: string; algorithm: Algorithm; key: CryptoKey };
  /** The public halves of all keys, to be published (RFC 7517 section 5), the active one first. */
  jwks: { keys: JWK[] };
  /** The same keys by kid, to verify with. */
  published: ReadonlyMap<string, VerificationKey>;
  /** Tokens that they have verified. */
  verified: VerifiedTokens;
}

/**
 * Makes the first key set: one key that signs and the next one.
 *
 * @returns the text to store, see `key-format.ts`
 */
export async function generateSigningKeys(now: Date, policy: KeyPolicy = defaultKeyPolicy): Promise<string> {
  const plan = planKeys<StoredKey>([], policy, now.getTime());
  return formatKeys(plan ? await completePlan(plan, policy, now.getTime()) : []);
}

/**
 * Makes the keys that a plan asks for.
 *
 * @param now milliseconds since the epoch
 * @returns the whole set: active, next, retired
 */
export async function completePlan(
  { keys, make }: KeyPlan<StoredKey>,
  policy: KeyPolicy,
  now: number,
): Promise<StoredKey[]> {
  const made = await Promise.all(make.map((state) => generateKey(state, policy, now)));
  const all = [...keys, ...made];
  const of = (state: KeyState) => all.filter((key) => key.state === state);
  return [...of('active'), ...of('next'), ...of('retired')];
}

async function generateKey(state: KeyState, { algorithm, maxCycle }: KeyPolicy, now: number): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(algorithm, { modulusLength, extractable: true });
  const jwk = await exportJWK(privateKey);
  const signing = state === 'active' ? { activatedAt: now, longestCycle: maxCycle } : {};
  return { kid: await calculateJwkThumbprint(jwk), algorithm, state, createdAt: now, ...signing, jwk };
}

/**
 * Reads a stored key set.
 *
 * @throws SigningKeyError when it is not one (see `parseKeys`), a kid is not the key's RFC 7638 thumbprint, a key is too
 * short, or its halves do not belong together
 */
export async function parseSigningKeys(json: string): Promise<SigningKeys> {
  const stored = parseKeys(json);
  const ready = await Promise.all(stored.map((key, index) => prepare(key, `keys.${index}`)));
  const active = ready.find(({ state }) => state === 'active');
  if (!active?.privateKey) throw new SigningKeyError('keys: no active key');
  const { kid, algorithm, privateKey } = active;
  return {
    active: { kid, algorithm, key: privateKey },
    jwks: { keys: [active, ...ready.filter((key) => key !== active)].map(({ published }) => published) },
    published: new Map(ready.map((one) => [one.kid, { algorithm: one.algorithm, key: one.publicKey }])),
    verified: createVerifiedTokens(),
  };
}

/** @param path of the key, for the message */
async function prepare({ kid, algorithm, state, jwk }: StoredKey, path: string) {
  const half = publicHalf(jwk, algorithm);
  if ((await thumbprint(half, path)) !== kid) {
    throw new SigningKeyError(`${path}.kid: is not the thumbprint of the key`);
  }
  const publicKey = await importKey(half, algorithm, `${path}: is no public key of its algorithm`);
  requireLength(publicKey, path);
  const published = { ...half, kid, alg: algorithm, use: 'sig' };
  if (state === 'retired') return { kid, algorithm, state, published, publicKey };
  const privateKey = await importKey(jwk, algorithm, `${path}: is no private key of its algorithm`);
  await requireSound(privateKey, publicKey, algorithm, path);
  return { kid, algorithm, state, published, publicKey, privateKey };
}

async function thumbprint(half: JWK, path: string): Promise<string> {
  try {
    return await calculateJwkThumbprint(half);
  } catch {
    throw new SigningKeyError(`${path}: is no public key of its algorithm`);
  }
}

async function importKey(jwk: JWK, algorithm: Algorithm, refusal: string): Promise<CryptoKey> {
  try {
    return (await importJWK(jwk, algorithm)) as CryptoKey;
  } catch {
    throw new SigningKeyError(refusal);
  }
}

function requireLength(key: CryptoKey, path: string): void {
  const { modulusLength: bits = modulusLength } = key.algorithm as { modulusLength?: number };
  if (bits < modulusLength) throw new SigningKeyError(`${path}.n: has fewer than ${modulusLength} bits`);
}

/**
 * Signs and verifies once. Import does not look whether the private half is that of the public one; a set put together
 * by hand would then give tokens that nobody can verify.
 */
async function requireSound(key: CryptoKey, publicKey: CryptoKey, alg: Algorithm, path: string): Promise<void> {
  try {
    const signed = await new CompactSign(new Uint8Array(32)).setProtectedHeader({ alg }).sign(key);
    await compactVerify(signed, publicKey);
  } catch {
    throw new SigningKeyError(`${path}: the private half is not that of the public one`);
  }
}
