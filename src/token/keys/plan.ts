import { dayMs, hourMs } from '../../kube/duration.ts';
import { isAhead } from '../../kube/time.ts';
import type { KeyFacts, KeyPolicy, KeyState } from './facts.ts';

/** The desired key set. */
export interface KeyPlan<K extends KeyFacts> {
  /** Existing keys to keep, with their new state. */
  keys: K[];
  /** States of the keys to create. */
  create: KeyState[];
}

export interface PlanInput {
  policy: KeyPolicy;
  /** Milliseconds since the epoch. */
  now: number;
  /** Kids of the keys to remove. */
  revoked?: ReadonlySet<string>;
  /** Kid of the active key to retire. */
  rotate?: string | undefined;
}

/**
 * How long a retired key is kept after verifyUntil, milliseconds: a replica with a stale watch may sign with it shortly
 * after retiredAt, and clocks differ.
 */
const graceMs = hourMs;
/**
 * How long a next key of another algorithm than configured is kept, milliseconds. Without leader election, two
 * processes with different configurations would otherwise replace each other's next key on every change.
 */
const mismatchMs = 60_000;

/**
 * Plans the key set: one active key, one next key, and retired keys while tokens signed with them may be valid.
 *
 * The next key becomes active when the active key has signed for `rotationDays`, has another algorithm than configured,
 * or a rotation is requested, but not before it was published for `publishAheadHours`, so that verifiers know it. If
 * the active key is revoked, the next key becomes active immediately. A next key of another algorithm than configured
 * is replaced after one minute: it has signed nothing.
 *
 * Times in the future are replaced by the current time, see `limitToNow`.
 *
 * @returns the plan; undefined if nothing changes, which is also the case once the plan is applied
 */
export function planKeys<K extends KeyFacts>(keys: readonly K[], input: PlanInput): KeyPlan<K> | undefined {
  const { policy, now, revoked } = input;
  const kept = keys.filter((key) => !revoked?.has(key.kid) && !isOver(key, now)).map((key) => limitToNow(key, now));
  const active = kept.find(({ state }) => state === 'active');
  const set: KeySet<K> = {
    active: active && withSigningTimes(active, policy, now),
    next: kept.find(({ state }) => state === 'next'),
    retired: kept.filter(({ state }) => state === 'retired'),
  };
  const plan = rotate(set, input) ?? complete(set, input);
  return isSame(keys, plan) ? undefined : plan;
}

interface KeySet<K extends KeyFacts> {
  active: K | undefined;
  next: K | undefined;
  retired: readonly K[];
}

/**
 * Removes revoked keys from a set. Every replica does this as soon as it sees the request, even if the Secret cannot
 * be written. If the active key was revoked, the next key becomes active; without a next key, none is active until the
 * leader creates new keys.
 *
 * @returns the same array if none of its keys is revoked
 */
export function withoutRevoked<K extends KeyFacts>(keys: readonly K[], revoked: ReadonlySet<string>): readonly K[] {
  const kept = keys.filter(({ kid }) => !revoked.has(kid));
  if (kept.length === keys.length) return keys;
  if (kept.some(({ state }) => state === 'active')) return kept;
  return kept.map((key) => (key.state === 'next' ? { ...key, state: 'active', activatedAt: key.createdAt } : key));
}

/**
 * Replaces times in the future, which are left over from a clock that was ahead. Otherwise rotation and a change of the
 * algorithm would be delayed by as much as the clock was ahead. A retired key does not use these times.
 */
function limitToNow<K extends KeyFacts>(key: K, now: number): K {
  const isFuture = (time: number | undefined) => time !== undefined && isAhead(time, now);
  if (key.state === 'retired' || !(isFuture(key.createdAt) || isFuture(key.activatedAt))) return key;
  return {
    ...key,
    ...(isFuture(key.createdAt) && { createdAt: now }),
    ...(isFuture(key.activatedAt) && { activatedAt: now }),
  };
}

/** @returns the plan that activates the next key; undefined if no rotation is due */
function rotate<K extends KeyFacts>({ active, next, retired }: KeySet<K>, input: PlanInput): KeyPlan<K> | undefined {
  if (!next || (active && !isDue(active, next, input))) return undefined;
  const { policy, now } = input;
  const activated = withSigningTimes({ ...next, state: 'active', activatedAt: now }, policy, now);
  return { keys: [activated, ...(active ? [retire(active, policy, now)] : []), ...retired], create: ['next'] };
}

function isDue(active: KeyFacts, next: KeyFacts, { policy, now, rotate: requested }: PlanInput): boolean {
  const { algorithm, rotationDays, publishAheadHours } = policy;
  if (next.algorithm !== algorithm || now - (next.createdAt ?? now) < publishAheadHours * hourMs) return false;
  if (active.algorithm !== algorithm || active.kid === requested) return true;
  return rotationDays > 0 && now - (active.activatedAt ?? now) >= rotationDays * dayMs;
}

/** @returns the plan that creates missing keys */
function complete<K extends KeyFacts>({ active, next, retired }: KeySet<K>, { policy, now }: PlanInput): KeyPlan<K> {
  const isKept = next && (next.algorithm === policy.algorithm || now - (next.createdAt ?? 0) <= mismatchMs);
  const keptNext = isKept ? [next] : [];
  return {
    keys: [...(active ? [active] : []), ...keptNext, ...retired],
    create: [...(active ? [] : ['active' as const]), ...(keptNext.length > 0 ? [] : ['next' as const])],
  };
}

/** @returns an active key with all metadata; the same object if nothing changes */
function withSigningTimes<K extends KeyFacts>(key: K, { maxCycleDays }: KeyPolicy, now: number): K {
  const createdAt = key.createdAt ?? now;
  // In a set that was stored before keys had times, the key has been signing since it was created.
  const activatedAt = key.activatedAt ?? createdAt;
  const longestCycleDays = Math.max(key.longestCycleDays ?? 0, maxCycleDays);
  const isComplete = key.createdAt === createdAt && key.activatedAt === activatedAt;
  return isComplete && key.longestCycleDays === longestCycleDays
    ? key
    : { ...key, createdAt, activatedAt, longestCycleDays };
}

function retire<K extends KeyFacts>(key: K, { maxCycleDays }: KeyPolicy, now: number): K {
  const verifyUntil = now + (key.longestCycleDays ?? maxCycleDays) * dayMs;
  return { ...key, state: 'retired', retiredAt: now, verifyUntil };
}

function isOver({ state, verifyUntil }: KeyFacts, now: number): boolean {
  return state === 'retired' && verifyUntil !== undefined && now >= verifyUntil + graceMs;
}

function isSame(keys: readonly KeyFacts[], plan: KeyPlan<KeyFacts>): boolean {
  return plan.create.length === 0 && plan.keys.length === keys.length && plan.keys.every((key) => keys.includes(key));
}
