/**
 * The stored form of the signing keys: a JWK Set (RFC 7517 section 5) whose keys also have a state and its times
 * (RFC 3339).
 */
import type { JWK } from 'jose';
import { z } from 'zod';
import { type Algorithm, algorithms, type KeyFacts, type KeyState, keyStates } from './facts.ts';

/** An invalid stored key set. The message contains the path and the problem, never a value. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError';
}

/** A stored key with its metadata. */
export interface StoredKey extends KeyFacts {
  /** Members of the key type (RFC 7518 section 6, RFC 8037 section 2); only public members for a retired key. */
  jwk: JWK;
}

interface KeyType {
  kty: string;
  crv?: string;
  /** Names of the public members except kty; together they are the input of the thumbprint (RFC 7638 section 3.2). */
  publicMembers: readonly string[];
}

const keyTypes: Record<Algorithm, KeyType> = {
  RS256: { kty: 'RSA', publicMembers: ['n', 'e'] },
  ES256: { kty: 'EC', crv: 'P-256', publicMembers: ['crv', 'x', 'y'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', publicMembers: ['crv', 'x'] },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', publicMembers: ['crv', 'x'] },
};

const text = z.string().min(1);
const time = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
/** Same limit as `token.maxCycle` in the configuration: the date at which a key is removed must be valid. */
const days = z.number().positive().max(3650);
const keySet = z.looseObject({ keys: z.array(z.looseObject({})).min(1) });
const timeNames = ['createdAt', 'activatedAt', 'retiredAt', 'verifyUntil'] as const;

/** @returns the public members of a JWK, including kty */
export function publicMembersOf(jwk: JWK, algorithm: Algorithm): JWK {
  const members = ['kty', ...keyTypes[algorithm].publicMembers];
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => members.includes(name)));
}

/** @returns the stored form of a key set, without the private members of retired keys */
export function formatKeys(keys: readonly StoredKey[]): string {
  return JSON.stringify({ keys: keys.map(formatKey) });
}

function formatKey({ jwk, kid, algorithm, state, longestCycleDays, ...times }: StoredKey): object {
  const members = state === 'retired' ? publicMembersOf(jwk, algorithm) : jwk;
  const written = timeNames.map((name) => [name, times[name]] as const).filter(([, at]) => at !== undefined);
  const formatted = Object.fromEntries(written.map(([name, at]) => [name, new Date(at ?? 0).toISOString()]));
  const cycle = state === 'active' && longestCycleDays !== undefined ? { longestCycle: longestCycleDays } : {};
  return { ...members, kid, alg: algorithm, use: 'sig', state, ...formatted, ...cycle };
}

/**
 * Parses a stored key set and checks its form: types of all members, exactly one active key, at most one next key. Does
 * not check the keys themselves.
 *
 * @throws SigningKeyError that names the invalid members
 */
export function parseKeys(json: string): StoredKey[] {
  const { keys } = checked(keySet, parseJson(json), []);
  const read = readKeys(keys);
  requireStates(read);
  return read;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new SigningKeyError('not valid JSON');
  }
}

function readKeys(keys: readonly Record<string, unknown>[]): StoredKey[] {
  return keys.map((raw, index) => {
    const {
      kid,
      alg,
      use,
      state,
      createdAt,
      activatedAt,
      retiredAt,
      verifyUntil,
      longestCycle: longestCycleDays,
      ...jwk
    } = checked(schemaOf(raw, keys.length === 1), raw, ['keys', index]);
    const times = { createdAt, activatedAt, retiredAt, verifyUntil, longestCycleDays };
    const known = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
    return { kid, algorithm: alg, state, ...known, jwk: jwk as JWK };
  });
}

/**
 * Schema of a key. A key with an unknown algorithm or state is checked as an active RS256 key, so that the error also
 * names its other invalid members.
 *
 * @param only whether this is the only key: a set that was stored before keys had times is one active key
 */
function schemaOf(raw: Record<string, unknown>, only: boolean) {
  const { kty, crv, publicMembers } = keyTypes[algorithms.find((one) => one === raw.alg) ?? 'RS256'];
  const state: KeyState = keyStates.find((one) => one === raw.state) ?? 'active';
  const timeIf = (required: boolean) => (required ? time : time.optional());
  return z.looseObject({
    ...Object.fromEntries(publicMembers.map((name) => [name, text])),
    ...(crv !== undefined && { crv: z.literal(crv) }),
    ...(state !== 'retired' && { d: text }),
    kty: z.literal(kty),
    alg: z.enum(algorithms),
    kid: text,
    state: z.enum(keyStates),
    createdAt: timeIf(state !== 'active' || !only),
    activatedAt: timeIf(state === 'retired' || (state === 'active' && !only)),
    retiredAt: timeIf(state === 'retired'),
    verifyUntil: timeIf(state === 'retired'),
    longestCycle: days.optional(),
  });
}

function checked<T>(schema: z.ZodType<T>, value: unknown, at: readonly (string | number)[]): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map((issue) => [...at, ...issue.path].join('.') || 'the document');
  throw new SigningKeyError(`malformed: ${[...new Set(paths)].join(', ')}`);
}

function requireStates(keys: readonly StoredKey[]): void {
  const count = (state: KeyState) => keys.filter((key) => key.state === state).length;
  if (count('active') !== 1) throw new SigningKeyError(`keys: ${count('active')} active keys, must be exactly one`);
  if (count('next') > 1) throw new SigningKeyError(`keys: ${count('next')} next keys, must be at most one`);
  const duplicate = keys.findIndex(({ kid }, index) => keys.findIndex((key) => key.kid === kid) !== index);
  if (duplicate !== -1) throw new SigningKeyError(`keys.${duplicate}.kid: duplicate of an earlier key`);
}
