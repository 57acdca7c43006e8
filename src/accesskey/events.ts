import type { EventContent } from '../kube/events.ts';
import type { Condition } from './access-key-record.ts';
import type { PairOutcome, PlanOutcome } from './apply.ts';
import type { AccessKeyStatus } from './types.generated.ts';

/** Events of what a pass did to Secrets. Notes never hold a key. */
export function changeEvents(outcome: PlanOutcome): EventContent[] {
  return [...outcome.pairs.flatMap(pairEvents), ...outcome.removed.map((secret) => removedEvent(secret.name))];
}

/** Events of what the new status says and the one before did not: a problem, an expiry. */
export function transitionEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  return [...problemEvents(before.conditions, after.conditions), ...expiryEvents(before, after)];
}

function pairEvents(outcome: PairOutcome): EventContent[] {
  if (outcome.kind !== 'present') return [];
  const { pair, secret, change, malformed } = outcome;
  const of = `key pair ${pair.name}`;
  switch (change) {
    case 'none':
      return [];
    case 'created':
      return [normal('KeyPairCreated', 'CreateSecret', `Made ${of} in Secret ${secret.name}`)];
    case 'moved':
      return [normal('KeyPairMoved', 'CreateSecret', `Moved ${of} to Secret ${secret.name}, its keys stay`)];
    case 'repaired':
      return [normal('SecretRepaired', 'PatchSecret', `Restored the labels of Secret ${secret.name}, ${of} stays`)];
    case 'regenerated':
      return [warning('KeyPairRegenerated', 'PatchSecret', regeneratedNote(of, secret.name, malformed))];
    case 'lost':
      return [warning('KeyPairRegenerated', 'CreateSecret', `Secret ${secret.name} was deleted, made a new ${of}`)];
  }
}

function regeneratedNote(of: string, secretName: string, malformed: readonly string[]): string {
  return `Secret ${secretName} had no well-formed ${malformed.join(' and ')}, made a new ${of}`;
}

function removedEvent(secretName: string): EventContent {
  return normal('SecretRemoved', 'DeleteSecret', `Deleted Secret ${secretName}, no key pair needs it any more`);
}

function problemEvents(before: readonly Condition[] = [], after: readonly Condition[] = []): EventContent[] {
  const ready = after.find((one) => one.type === 'Ready');
  const known = before.find((one) => one.type === 'Ready');
  if (!ready || ready.status === 'True') return [];
  if (known?.reason === ready.reason && known.message === ready.message) return [];
  return [warning(ready.reason, 'Reconcile', ready.message)];
}

function expiryEvents(before: AccessKeyStatus, after: AccessKeyStatus): EventContent[] {
  const expired = (after.keyPairs ?? []).filter((pair) => pair.state === 'Expired');
  const news = expired.filter((pair) => before.keyPairs?.find((one) => one.name === pair.name)?.state === 'Active');
  return news.map((pair) => normal('KeyPairExpired', 'UpdateStatus', `Key pair ${pair.name} has expired`));
}

function normal(reason: string, action: string, note: string): EventContent {
  return { type: 'Normal', reason, action, note };
}

function warning(reason: string, action: string, note: string): EventContent {
  return { type: 'Warning', reason, action, note };
}
