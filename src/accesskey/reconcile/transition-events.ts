/** The Events for changes between two statuses. Pure. */
import type { EventContent } from '../../kube/events.ts';
import { isAhead } from '../../kube/time.ts';
import {
  type AccessKeyRecord,
  conditionOf,
  isInUse,
  type KeyPairStatus,
  lastUseOf,
  pairStatusOf,
} from '../model/access-key-record.ts';
import { liveStates } from '../model/pair-state.ts';
import { parseTime } from '../model/time.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { normal, warning } from './events.ts';
import { expiringSoon } from './expiry-warnings.ts';
import { reasons } from './verdict.ts';

/**
 * Events for changes between two statuses: a problem, an expiry or a warning of it, the end of an overlap, and a pair that
 * is stopped while it is in use.
 *
 * @param now milliseconds since the epoch
 */
export function transitionEvents(
  { status }: Pick<AccessKeyRecord, 'status'>,
  after: AccessKeyStatus,
  now: number,
): EventContent[] {
  return [
    ...problemEvents(status, after),
    ...overrideEvents(status, after),
    ...stateEvents(status, after, now),
    ...expiryEvents(status, after),
    ...stoppedEvents(status, after, now),
  ];
}

/** Events for an AccessKey that was deleted while its pairs were in use. */
export function deletionEvents({ status }: Pick<AccessKeyRecord, 'status'>, now: number): EventContent[] {
  return stoppedEvents(status, {}, now);
}

function problemEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  const ready = conditionOf({ status: after }, 'Ready');
  const known = conditionOf({ status: before }, 'Ready');
  if (!ready || ready.status === 'True' || ready.reason === reasons.secretOverridden) return [];
  if (known?.reason === ready.reason && known.message === ready.message) return [];
  return [warning(ready.reason, 'Reconcile', ready.message)];
}

/** One Event for each override, also if it makes the AccessKey not Ready. */
function overrideEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  const overridden = conditionOf({ status: after }, 'Overridden');
  const known = conditionOf({ status: before }, 'Overridden');
  if (!overridden || known?.message === overridden.message) return [];
  return [warning(overridden.reason, 'PatchSecret', overridden.message)];
}

function stateEvents(before: AccessKeyStatus, after: AccessKeyStatus, now: number): EventContent[] {
  return (after.keyPairs ?? []).flatMap((pair) => {
    const known = pairStatusOf({ status: before }, pair.name);
    const wasLive = known !== undefined && liveStates.has(known.state);
    if (pair.state === 'Expired' && wasLive) {
      return [normal('KeyPairExpired', 'UpdateStatus', `Key pair ${pair.name} has expired`)];
    }
    return known?.previous ? overlapEvents(known, pair, now) : [];
  });
}

/** @param before a pair with a previous pair */
function overlapEvents(
  before: KeyPairStatus,
  { name, accessKey, previous }: KeyPairStatus,
  now: number,
): EventContent[] {
  if (previous && previous.accessKey === before.previous?.accessKey) {
    const isExtended = timeOf(previous.validUntil) > timeOf(before.previous.validUntil);
    const note = `The previous key pair of ${name} is in use and stays valid until ${previous.validUntil}`;
    return isExtended ? [normal('OverlapExtended', 'PatchSecret', note)] : [];
  }
  const lastUsedTime = before.previous?.lastUsedTime;
  const note = `The previous key pair of ${name} is no longer valid`;
  if (timeOf(lastUsedTime) > timeOf(before.createdAt) && !isAhead(timeOf(lastUsedTime), now)) {
    return [warning('OverlapEnded', 'PatchSecret', `${note}; it was last used during the overlap, at ${lastUsedTime}`)];
  }
  // A rotation has its own Event.
  return before.accessKey === accessKey ? [normal('OverlapEnded', 'PatchSecret', note)] : [];
}

/** One Event for each warning time that begins. */
function expiryEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  return expiringSoon(after.keyPairs ?? []).flatMap(({ name, expiresAt, expiryWarningDays: days }) => {
    const known = pairStatusOf({ status: before }, name);
    if (known?.expiryWarningDays === days) return [];
    const remaining = days === 1 ? '1 day' : `${days} days`;
    const note = `Key pair ${name} expires at ${expiresAt}, in less than ${remaining}; no other key pair is valid longer`;
    return [warning(reasons.expiresSoon, 'UpdateStatus', note)];
  });
}

/** A person has disabled, suspended, removed or deleted a pair that was used within the last hour. */
function stoppedEvents(before: AccessKeyStatus, after: AccessKeyStatus, now: number): EventContent[] {
  return (before.keyPairs ?? []).flatMap((known) => {
    const { name, state } = known;
    const pair = pairStatusOf({ status: after }, name);
    const isStopped = liveStates.has(state) && (pair === undefined || pair.state === 'Disabled');
    if (!isStopped || !isInUse(known, now)) return [];
    const what = pair ? 'disabled' : 'removed';
    const note = `Key pair ${name} was ${what}; it was last used at ${lastUseOf(known, now)}`;
    return [warning('KeyPairInUse', 'UpdateStatus', note)];
  });
}

/** @returns milliseconds since the epoch, before every time if there is none */
function timeOf(text: string | undefined): number {
  return parseTime(text) ?? Number.NEGATIVE_INFINITY;
}
