/**
 * Overrides: fields of a Secret that do not keep the value that the operator writes, because an admission policy or
 * another controller changes them. Repairing them is delayed more and more. Pure.
 */
import { allPairs, type PairOutcome, type PlanOutcome, type Repair, type Write } from './outcome.ts';

interface FieldState {
  /** Writes of the same value in a row, each at most `windowMs` after the one before. */
  writes: number;
  /** The value that was written, of a label or annotation. */
  value: string | null | undefined;
  /** The value does not last; set after `maxRepairs` writes, or if a write did not store it. */
  overridden: boolean;
  byAdmission: boolean;
  manager: string | undefined;
  /** Writes since the field is overridden. */
  retries: number;
  /** Times of a monotonic clock, milliseconds. */
  writtenAt: number;
  heldUntil: number;
}

type FieldStates = ReadonlyMap<string, FieldState>;

/** What is known about the Secrets of one AccessKey, by Secret name. It is lost when the process ends. */
export interface Overrides {
  readonly generation: number;
  /** Repairs of a field in a row before it counts as overridden. */
  readonly maxRepairs: number;
  readonly secrets: ReadonlyMap<string, FieldStates>;
}

/** Fields that must not be written now, by Secret name. */
export type HeldFields = ReadonlyMap<string, ReadonlySet<string>>;

/** Repairs without delay; people and tools sometimes change a field a few times. */
const maxRepairs = 5;
/** Delay before the first write of an overridden field, milliseconds; it doubles with each write. */
const baseHoldMs = 10_000;
const maxHoldMs = 300_000;
/** How long a value must last until the field no longer counts as overridden, milliseconds. */
const windowMs = 600_000;

/** @param isReported the status already reports an override, from before a restart */
export function noOverrides(generation: number, isReported: boolean): Overrides {
  return { generation, maxRepairs: isReported ? 1 : maxRepairs, secrets: new Map() };
}

/** After a change of the spec, repairs are counted from 0, and overridden fields are written again without delay. */
export function forGeneration(overrides: Overrides, generation: number): Overrides {
  if (generation === overrides.generation) return overrides;
  const renew = (states: FieldStates) =>
    new Map(
      [...onlyOverridden(states)].map(([field, state]) => [field, { ...state, retries: 0, heldUntil: 0 }] as const),
    );
  const secrets = [...overrides.secrets].map(([name, states]) => [name, renew(states)] as const);
  return { ...overrides, generation, secrets: new Map(secrets) };
}

/** Records what a reconcile did for one pair. */
export function afterOutcome(overrides: Overrides, outcome: PairOutcome, now: number): Overrides {
  const { secretName, write, change, problem } = outcome;
  const known = overrides.secrets.get(secretName) ?? new Map();
  // An override can be the cause of the problem, so it is kept then.
  const current = problem ? known : withoutEnded(known, now);
  // A rotation writes new values, so repairs are counted from 0.
  const before = change === 'rotated' ? onlyOverridden(current) : current;
  const states = write ? afterWrite(before, write, overrides.maxRepairs, now) : before;
  const secrets = new Map(overrides.secrets);
  if (states.size === 0) secrets.delete(secretName);
  else secrets.set(secretName, states);
  return { ...overrides, secrets };
}

/** Drops what is known about Secrets that no pair uses any more: neither the wanted one nor the one that holds it. */
export function onlyFor(overrides: Overrides, outcome: Pick<PlanOutcome, 'pairs' | 'kept'>): Overrides {
  const isUsed = (name: string) =>
    allPairs(outcome).some(({ secretName, secret }) => secretName === name || secret?.name === name);
  return { ...overrides, secrets: new Map([...overrides.secrets].filter(([name]) => isUsed(name))) };
}

function afterWrite(before: FieldStates, { repaired, reverted }: Write, limit: number, now: number): FieldStates {
  // After a write every field has its desired value, except those that admission reverted.
  const states = new Map([...before].filter(([, { byAdmission }]) => !byAdmission));
  for (const repair of repaired) {
    states.set(repair.field, nextState(before.get(repair.field), { repair, isReverted: false, limit, now }));
  }
  for (const field of reverted) {
    states.set(field, nextState(before.get(field), { repair: { field }, isReverted: true, limit, now }));
  }
  return states;
}

function nextState(
  before: FieldState | undefined,
  { repair, isReverted, limit, now }: { repair: Repair; isReverted: boolean; limit: number; now: number },
): FieldState {
  const isOther = !before?.overridden && before?.value !== repair.value;
  // A value that admission reverted until now has lasted for no time yet.
  const previous = isOther || (before?.byAdmission && !isReverted) ? undefined : before;
  const writes = (previous?.writes ?? 0) + 1;
  const overridden = isReverted || previous?.overridden === true || writes >= limit;
  const retries = overridden ? (previous?.retries ?? 0) + 1 : 0;
  const hold = Math.min(maxHoldMs, baseHoldMs * 2 ** (retries - 1));
  return {
    writes,
    overridden,
    value: repair.value,
    byAdmission: isReverted,
    manager: repair.manager ?? previous?.manager,
    retries,
    writtenAt: now,
    heldUntil: overridden ? now + hold : 0,
  };
}

function onlyOverridden(states: FieldStates): FieldStates {
  return new Map([...states].filter(([, { overridden }]) => overridden));
}

function withoutEnded(states: FieldStates, now: number): FieldStates {
  return new Map([...states].filter(([, { writtenAt }]) => now - writtenAt < windowMs));
}

/** @param now monotonic clock, milliseconds */
export function heldFields({ secrets }: Overrides, now: number): HeldFields {
  const held = [...secrets].map(([name, states]) => {
    const fields = [...states].filter(([, { heldUntil }]) => now < heldUntil).map(([field]) => field);
    return [name, new Set(fields)] as const;
  });
  return new Map(held);
}

/** @returns the milliseconds until a field may be written again or is no longer overridden; undefined if none is */
export function nextOverrideStepMs({ secrets }: Overrides, now: number): number | undefined {
  const times = [...secrets.values()].flatMap((states) =>
    [...states.values()]
      .filter(({ overridden }) => overridden)
      .map(({ heldUntil, writtenAt }) => (now < heldUntil ? heldUntil : writtenAt + windowMs))
      .filter((time) => time > now),
  );
  return times.length === 0 ? undefined : Math.min(...times) - now;
}

/** Whether every field that the write repaired was already reported as overridden. */
export function isKnownOverride({ secrets }: Overrides, { secretName, write }: PairOutcome): boolean {
  const states = secrets.get(secretName);
  if (!write || write.repaired.length === 0) return false;
  return write.repaired.every(({ field }) => states?.get(field)?.overridden === true);
}

/** Adds what is overridden to the result of a reconcile, as a problem where a pair is not as the spec requires. */
export function withOverrides(outcome: PlanOutcome, overrides: Overrides): PlanOutcome {
  const pairs = outcome.pairs.map((one) => {
    const message = describeOverrides(overrides, one.secretName);
    const isAffected = one.overridden || (one.secret && !one.secret.pair);
    if (one.problem || !isAffected || message === undefined) return one;
    return { ...one, problem: { reason: 'SecretOverridden' as const, message, stalled: true } };
  });
  return { ...outcome, pairs, overrides: describeOverrides(overrides) };
}

/** @returns which fields are overridden, and by what; undefined if none is. The same facts give the same text. */
export function describeOverrides({ secrets }: Overrides, secretName?: string): string | undefined {
  const names = secretName === undefined ? [...secrets.keys()].sort() : [secretName];
  const texts = names.flatMap((name) => describeSecret(name, secrets.get(name) ?? new Map()));
  return texts.length === 0 ? undefined : texts.join('; ');
}

function describeSecret(name: string, states: FieldStates): string[] {
  const overridden = [...states].filter(([, one]) => one.overridden).sort(([a], [b]) => a.localeCompare(b));
  const authors = new Set(overridden.map(([, state]) => authorOf(state)));
  return [...authors].map((author) => {
    const fields = overridden.filter(([, state]) => authorOf(state) === author).map(([field]) => field);
    return `Secret ${name}: ${author} changes ${fields.join(', ')}`;
  });
}

function authorOf({ byAdmission, manager }: FieldState): string {
  if (byAdmission) return 'an admission policy or webhook';
  return manager === undefined ? 'another client' : `field manager ${manager}`;
}
