/** The Events for what a reconcile has done to Secrets. They never contain a key. Pure. */
import type { EventContent } from '../../kube/events.ts';
import type { RotationCause } from './actions.ts';
import type { PairOutcome } from './outcome.ts';

const causes: Readonly<Record<RotationCause, string>> = {
  revision: 'the revision changed',
  interval: 'the rotation interval ended',
  removed: 'it was removed from keyPairs and added again',
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
      return [
        warning(
          'KeyPairAdopted',
          'PatchSecret',
          `Adopted Secret ${name} with its ${keyPair}, as requested by ${clientOf(manager)}`,
        ),
      ];
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

/** Combines Events that differ only in `note`, such as those about the two pairs of a new AccessKey. */
export function combineEvents(events: readonly EventContent[]): EventContent[] {
  const kinds = Map.groupBy(events, ({ type, reason, action }) => [type, reason, action].join());
  return [...kinds.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, note: [first, ...others].map(({ note }) => note).join('. ') }] : [],
  );
}

function regeneratedNote(keyPair: string, secretName: string, malformed: readonly string[]): string {
  const what = malformed.length > 0 ? `no valid ${malformed.join(' and ')}` : 'identical ak and sk';
  return `Secret ${secretName} had ${what}; created a new ${keyPair}`;
}

function clientOf(manager: string | undefined): string {
  return manager === undefined ? 'an unknown client' : `field manager ${manager}`;
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

export function normal(reason: string, action: string, note: string): EventContent {
  return { type: 'Normal', reason, action, note };
}

export function warning(reason: string, action: string, note: string): EventContent {
  return { type: 'Warning', reason, action, note };
}
