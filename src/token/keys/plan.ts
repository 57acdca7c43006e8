import { isAhead } from '../../kube/clock.ts';
import type { KeyFacts, KeyPolicy, KeyRequests, KeyState } from './facts.ts';

/** What is to become of a key set. */
export interface KeyPlan<K extends KeyFacts> {
  /** The keys that stay, as they are to be. */
  keys: K[];
  /** States of the keys that are to be made besides. */
  make: KeyState[];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/**
 * How long a retired key stays after verifyUntil, milliseconds. A replica whose watch is behind signs with it a little
 * after retiredAt, and clocks differ.
 */
const graceMs = hourMs;
/**
 * For how long a next key of another algorithm is left alone, milliseconds. Two processes that are configured differently
 * and both write, which is so without leader election, would otherwise replace each other's at each change that they see.
 */
const misfitMs = 60_000;

/**
 * Decides what the key set is to be: one active key, one next key, and retired ones while tokens of theirs may be out.
 *
 * The next key takes over when the active one has signed for `rotationDays`, is of another algorithm than configured, or
 * is asked to rotate; and only after it was published for `publishAheadHours`, so that verifiers know it. When the active
 * key is gone by revocation, the next one takes over at once. A next key of another algorithm is replaced when it
 * is older than a minute: it signed nothing.
 *
 * A time in the future is replaced by now, see `withoutFuture`.
 *
 * @param now milliseconds since the epoch
 * @returns undefined when nothing is to be changed; that is so after the plan was carried out, too
 */
export function planKeys<K extends KeyFacts>(
  keys: readonly K[],
  policy: KeyPolicy,
  now: number,
  requests: KeyRequests = {},
): KeyPlan<K> | undefined {
  const staying = keys.filter((key) => key.kid !== requests.revoke && !isOver(key, now));
  const kept = staying.map((key) => withoutFuture(key, now));
  const retired = kept.filter(({ state }) => state === 'retired');
  const next = kept.find(({ state }) => state === 'next');
  const found = kept.find(({ state }) => state === 'active');
  const active = found && signing(found, policy, now);
  const plan =
    next && (!active || isTurn(active, next, policy, now, requests))
      ? turn(next, active, retired, policy, now)
      : stay(next, active, retired, policy, now);
  return isSame(keys, plan) ? undefined : plan;
}

/**
 * Gives what is left of a set when a key is revoked: what each replica goes by as soon as it hears of it, also while
 * nobody can write the set. The next key signs in place of an active one; without a next one, none does until the leader
 * makes others.
 *
 * @returns the same array when no key has this kid
 */
export function withoutRevoked<K extends KeyFacts>(keys: readonly K[], revoke: string | undefined): readonly K[] {
  const kept = keys.filter(({ kid }) => kid !== revoke);
  if (kept.length === keys.length) return keys;
  if (kept.some(({ state }) => state === 'active')) return kept;
  return kept.map((key) => (key.state === 'next' ? { ...key, state: 'active', activatedAt: key.createdAt } : key));
}

/**
 * The same key, with now in place of a time in the future: the clock was ahead when the key was made or took over. Without
 * this, rotation and a change of algorithm would wait for as long as the clock was ahead. Of a retired key nothing waits
 * for these times.
 */
function withoutFuture<K extends KeyFacts>(key: K, now: number): K {
  const isFuture = (time: number | undefined) => time !== undefined && isAhead(time, now);
  if (key.state === 'retired' || !(isFuture(key.createdAt) || isFuture(key.activatedAt))) return key;
  return {
    ...key,
    ...(isFuture(key.createdAt) && { createdAt: now }),
    ...(isFuture(key.activatedAt) && { activatedAt: now }),
  };
}

/** Whether the next key is to take over from an active one. */
function isTurn(active: KeyFacts, next: KeyFacts, policy: KeyPolicy, now: number, requests: KeyRequests): boolean {
  const { algorithm, rotationDays, publishAheadHours } = policy;
  if (next.algorithm !== algorithm || now - (next.createdAt ?? now) < publishAheadHours * hourMs) return false;
  if (active.algorithm !== algorithm || active.kid === requests.rotate) return true;
  return rotationDays > 0 && now - (active.activatedAt ?? now) >= rotationDays * dayMs;
}

function turn<K extends KeyFacts>(
  next: K,
  active: K | undefined,
  retired: readonly K[],
  policy: KeyPolicy,
  now: number,
): KeyPlan<K> {
  const former = active ? [retire(active, policy, now)] : [];
  return {
    keys: [signing({ ...next, state: 'active', activatedAt: now }, policy, now), ...former, ...retired],
    make: ['next'],
  };
}

function stay<K extends KeyFacts>(
  next: K | undefined,
  active: K | undefined,
  retired: readonly K[],
  { algorithm }: KeyPolicy,
  now: number,
): KeyPlan<K> {
  const isKept = next && (next.algorithm === algorithm || now - (next.createdAt ?? 0) <= misfitMs);
  const fitting = isKept ? [next] : [];
  return {
    keys: [...(active ? [active] : []), ...fitting, ...retired],
    make: [...(active ? [] : ['active' as const]), ...(fitting.length > 0 ? [] : ['next' as const])],
  };
}

/** An active key with what is to be known of it: the key itself when nothing is missing. */
function signing<K extends KeyFacts>(key: K, { maxCycle }: KeyPolicy, now: number): K {
  const createdAt = key.createdAt ?? now;
  // A set from before there were times holds a key that signed since it was made.
  const activatedAt = key.activatedAt ?? createdAt;
  const longestCycle = Math.max(key.longestCycle ?? 0, maxCycle);
  const isComplete = key.createdAt === createdAt && key.activatedAt === activatedAt;
  return isComplete && key.longestCycle === longestCycle ? key : { ...key, createdAt, activatedAt, longestCycle };
}

function retire<K extends KeyFacts>(key: K, { maxCycle }: KeyPolicy, now: number): K {
  const verifyUntil = now + (key.longestCycle ?? maxCycle) * dayMs;
  return { ...key, state: 'retired', retiredAt: now, verifyUntil };
}

function isOver({ state, verifyUntil }: KeyFacts, now: number): boolean {
  return state === 'retired' && verifyUntil !== undefined && now >= verifyUntil + graceMs;
}

function isSame(keys: readonly KeyFacts[], plan: KeyPlan<KeyFacts>): boolean {
  return plan.make.length === 0 && plan.keys.length === keys.length && plan.keys.every((key) => keys.includes(key));
}
