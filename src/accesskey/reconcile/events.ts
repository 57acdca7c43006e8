import type { EventContent } from '../../kube/events.ts';
import type { AccessKeyRecord, Condition } from '../model/access-key-record.ts';
import { liveStates } from '../model/pair-state.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import type { RotationCause } from './actions.ts';
import { reasons } from './conditions.ts';
import { expiringSoon } from './expiry-warnings.ts';
import type { PairOutcome } from './outcome.ts';

/** Events for changes between two statuses: a problem, an expiry or a warning of it, the end of an overlap. */
export function transitionEvents({ status }: Pick<AccessKeyRecord, 'status'>, after: AccessKeyStatus): EventContent[] {
  return [
    ...problemEvents(status.conditions, after.conditions),
    ...overrideEvents(status.conditions, after.conditions),
    ...stateEvents(status, after),
    ...expiryEvents(status, after),
  ];
}

const causes: Readonly<Record<RotationCause, string>> = {
  revision: 'the revision changed',
  interval: 'the rotation interval ended',
};

/** The Event for a change of a pair. It never contains a key. */
export function changeEvents(outcome: PairOutcome): EventContent[] {
  const { pair, secret, secretName, change, cause, malformed = [], lostSecretName, manager } = outcome;
  const keyPair = `key pair ${pair.name}`;
  const name = secret?.name ?? secretName;
  switch (change) {
    case 'none':
      return [];
    case 'created':
      return [normal('KeyPairCreated', 'CreateSecret', `Created ${keyPair} in Secret ${name}`)];
    case 'adopted':
      return [normal('KeyPairAdopted', 'PatchSecret', `Adopted Secret ${name} with its ${keyPair}`)];
    case 'moved':
      return [normal('KeyPairMoved', 'CreateSecret', `Moved ${keyPair} to Secret ${name}; its keys are unchanged`)];
    case 'updated':
      return [normal('SecretUpdated', 'PatchSecret', `Updated Secret ${name}; ${keyPair} is unchanged`)];
    case 'rotated':
      return [
        normal(
          'KeyPairRotated',
          'PatchSecret',
          `Rotated ${keyPair} in Secret ${name}${cause ? `: ${causes[cause]}` : ''}`,
        ),
      ];
    case 'regenerated':
      return [warning('KeyPairRegenerated', 'PatchSecret', regeneratedNote(keyPair, name, malformed))];
    case 'replaced':
      return [
        warning(
          'KeyPairReplaced',
          'Reconcile',
          `${manager === undefined ? 'Another client' : `Field manager ${manager}`} replaced ${keyPair} in Secret ${name}`,
        ),
      ];
    case 'lost':
      return [
        warning(
          'KeyPairRegenerated',
          'CreateSecret',
          `Secret ${lostSecretName ?? name} was deleted; created a new ${keyPair}`,
        ),
      ];
  }
}

function regeneratedNote(keyPair: string, secretName: string, malformed: readonly string[]): string {
  const what = malformed.length > 0 ? `no valid ${malformed.join(' and ')}` : 'identical ak and sk';
  return `Secret ${secretName} had ${what}; created a new ${keyPair}`;
}

/** The Event for a deleted Secret. */
export function removedEvent(secretName: string): EventContent {
  return normal('SecretRemoved', 'DeleteSecret', `Deleted Secret ${secretName} because no key pair needs it`);
}

/** The Event for a deleted Secret whose AccessKey no longer exists. */
export function orphanRemovedEvent(secretName: string, accessKey: string): EventContent {
  const note = `Deleted Secret ${secretName}, its AccessKey ${accessKey} no longer exists`;
  return normal('SecretRemoved', 'DeleteSecret', note);
}

function problemEvents(before: readonly Condition[] = [], after: readonly Condition[] = []): EventContent[] {
  const ready = after.find((one) => one.type === 'Ready');
  const known = before.find((one) => one.type === 'Ready');
  if (!ready || ready.status === 'True' || ready.reason === reasons.secretOverridden) return [];
  if (known?.reason === ready.reason && known.message === ready.message) return [];
  return [warning(ready.reason, 'Reconcile', ready.message)];
}

/** One Event for each override, also if it makes the AccessKey not Ready. */
function overrideEvents(before: readonly Condition[] = [], after: readonly Condition[] = []): EventContent[] {
  const overridden = after.find((one) => one.type === 'Overridden');
  const known = before.find((one) => one.type === 'Overridden');
  if (!overridden || known?.message === overridden.message) return [];
  return [warning(overridden.reason, 'PatchSecret', overridden.message)];
}

function stateEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  return (after.keyPairs ?? []).flatMap((pair) => {
    const known = before.keyPairs?.find((one) => one.name === pair.name);
    const wasLive = known !== undefined && liveStates.has(known.state);
    if (pair.state === 'Expired' && wasLive) {
      return [normal('KeyPairExpired', 'UpdateStatus', `Key pair ${pair.name} has expired`)];
    }
    if (known?.previous && !pair.previous && known.accessKey === pair.accessKey) {
      return [normal('OverlapEnded', 'PatchSecret', `The previous key pair of ${pair.name} is no longer valid`)];
    }
    return [];
  });
}

/** One Event for each warning time that begins. */
function expiryEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  return expiringSoon(after.keyPairs ?? []).flatMap(({ name, expiresAt, expiryWarningDays: days }) => {
    const known = before.keyPairs?.find((one) => one.name === name);
    if (known?.expiryWarningDays === days) return [];
    const remaining = days === 1 ? '1 day' : `${days} days`;
    const note = `Key pair ${name} expires at ${expiresAt}, in less than ${remaining}; no other key pair is valid longer`;
    return [warning(reasons.expiresSoon, 'UpdateStatus', note)];
  });
}

function normal(reason: string, action: string, note: string): EventContent {
  return { type: 'Normal', reason, action, note };
}

function warning(reason: string, action: string, note: string): EventContent {
  return { type: 'Warning', reason, action, note };
}
