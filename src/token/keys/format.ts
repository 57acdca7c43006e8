/**
 * The stored form of the signing keys: a JWK Set (RFC 7517 section 5) whose keys have their state and its times
 * (RFC 3339) besides.
 */
import type { JWK } from 'jose';
import { z } from 'zod';
import { type Algorithm, algorithms, type KeyFacts, type KeyState, keyStates } from './facts.ts';

/** A stored key set that cannot be used. The message names what is wrong, never a value. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError';
}

/** A key as it is stored: what is decided on, and the key itself. */
export interface StoredKey extends KeyFacts {
  /** Members of the key's type (RFC 7518 section 6, RFC 8037 section 2), of a retired key the public ones only. */
  jwk: JWK;
}

interface KeyType {
  kty: string;
  crv?: string;
  /** Names of the public members besides kty; with it they make the thumbprint (RFC 7638 section 3.2). */
  publicMembers: readonly string[];
}

const keyTypes: Record<Algorithm, KeyType> = {
  RS256: { kty: 'RSA', publicMembers: ['n', 'e'] },
  ES256: { kty: 'EC', crv: 'P-256', publicMembers: ['crv', 'x', 'y'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', publicMembers: ['crv', 'x'] },
};

const text = z.string().min(1);
const time = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
/** As `token.maxCycle` in the configuration: with more, a key that retires would stay for ever, or have no date at all. */
const days = z.number().positive().max(3650);
const keySet = z.looseObject({ keys: z.array(z.looseObject({})).min(1) });
const timeNames = ['createdAt', 'activatedAt', 'retiredAt', 'verifyUntil'] as const;

/** The members of a JWK that are published: kty and the public half. */
export function publicHalf(jwk: JWK, algorithm: Algorithm): JWK {
  const members = ['kty', ...keyTypes[algorithm].publicMembers];
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => members.includes(name)));
}

/** Gives the text to store. The private half of a retired key is left out. */
export function formatKeys(keys: readonly StoredKey[]): string {
  return JSON.stringify({ keys: keys.map(formatKey) });
}

function formatKey({ jwk, kid, algorithm, state, longestCycle, ...times }: StoredKey): object {
  const members = state === 'retired' ? publicHalf(jwk, algorithm) : jwk;
  const written = timeNames.map((name) => [name, times[name]] as const).filter(([, at]) => at !== undefined);
  const formatted = Object.fromEntries(written.map(([name, at]) => [name, new Date(at ?? 0).toISOString()]));
  const cycle = state === 'active' && longestCycle !== undefined ? { longestCycle } : {};
  return { ...members, kid, alg: algorithm, use: 'sig', state, ...formatted, ...cycle };
}

/**
 * Reads the form of a stored key set: each member is there and of its type, one key is active, at most one is next. It
 * does not look whether a key is sound.
 *
 * @throws SigningKeyError naming the members
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
    throw new SigningKeyError('is not JSON');
  }
}

function readKeys(keys: readonly Record<string, unknown>[]): StoredKey[] {
  return keys.map((raw, index) => {
    const { kid, alg, use, state, createdAt, activatedAt, retiredAt, verifyUntil, longestCycle, ...jwk } = checked(
      schemaOf(raw, keys.length === 1),
      raw,
      ['keys', index],
    );
    const times = { createdAt, activatedAt, retiredAt, verifyUntil, longestCycle };
    const known = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
    return { kid, algorithm: alg, state, ...known, jwk: jwk as JWK };
  });
}

/**
 * What a key must have. One whose algorithm or state is unknown is checked as an active one of RS256, so that the
 * message names whatever else is wrong.
 *
 * @param only whether it is the only key: a set from before there were times is one active key
 */
function schemaOf(raw: Record<string, unknown>, only: boolean) {
  const { kty, crv, publicMembers } = keyTypes[algorithms.find((one) => one === raw.alg) ?? 'RS256'];
  const state: KeyState = keyStates.find((one) => one === raw.state) ?? 'active';
  const needs = (needed: boolean) => (needed ? time : time.optional());
  return z.looseObject({
    ...Object.fromEntries(publicMembers.map((name) => [name, text])),
    ...(crv !== undefined && { crv: z.literal(crv) }),
    ...(state !== 'retired' && { d: text }),
    kty: z.literal(kty),
    alg: z.enum(algorithms),
    kid: text,
    state: z.enum(keyStates),
    createdAt: needs(state !== 'active' || !only),
    activatedAt: needs(state === 'retired' || (state === 'active' && !only)),
    retiredAt: needs(state === 'retired'),
    verifyUntil: needs(state === 'retired'),
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
  if (count('active') !== 1) throw new SigningKeyError(`keys: ${count('active')} active keys, there must be one`);
  if (count('next') > 1) throw new SigningKeyError(`keys: ${count('next')} next keys, there must be at most one`);
  const twice = keys.findIndex(({ kid }, index) => keys.findIndex((key) => key.kid === kid) !== index);
  if (twice !== -1) throw new SigningKeyError(`keys.${twice}.kid: is that of a key before it`);
}
