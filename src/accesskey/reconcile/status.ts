import { keyPairLabel } from '../../credential/secret-format.ts';
import type { Guardrails } from '../guardrails/guardrails.ts';
import { violationsOf } from '../guardrails/violations.ts';
import {
  type AccessKeyRecord,
  type KeyPairStatus,
  pairSpecOf,
  pairStatusOf,
  type ServiceAccountStatus,
} from '../model/access-key-record.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { conditionsOf, terminatingConditions } from './conditions.ts';
import { withExpiryWarnings } from './expiry-warnings.ts';
import type { NotRemoved, PlanOutcome } from './outcome.ts';
import { pairStatus } from './pair-status.ts';
import { summaryOf } from './summary.ts';
import { removedPairs } from './unneeded-secrets.ts';

/** Pure. A time changes only if the fact it belongs to changes, so nothing is written for an unchanged AccessKey. */
export function statusOf({
  accessKey,
  userHolder,
  outcome,
  keepsMessage,
  warningDays,
  guardrails,
  now,
}: {
  accessKey: AccessKeyRecord;
  /**
   * namespace/name of the AccessKey that holds the user. Never undefined in a reconcile: an AccessKey that is not being
   * deleted always has a holder of its user.
   */
  userHolder: string | undefined;
  outcome: PlanOutcome;
  /** Keep the message of an error that is reported again, even if its text differs. */
  keepsMessage: boolean;
  /** How long before the expiry of a pair to warn, days. */
  warningDays: readonly number[];
  /** undefined: not known, so the last comparison with them is kept. */
  guardrails: Guardrails | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}): AccessKeyStatus {
  const otherHolder = userHolder === accessKey.key ? undefined : userHolder;
  const observed =
    otherHolder === undefined
      ? [...outcome.pairs.map((one) => pairStatus(accessKey, one, now)), ...notYetRemoved(accessKey, outcome)]
      : keptInConflict(accessKey);
  const keyPairs = withExpiryWarnings(observed, { known: accessKey.status.keyPairs ?? [], warningDays, now });
  const serviceAccounts = namedAccounts(accessKey);
  const violations = guardrails && violationsOf({ accessKey, keyPairs, now }, guardrails);
  return {
    observedGeneration: accessKey.generation,
    ...(otherHolder === undefined && { userID: accessKey.uid }),
    summary: summaryOf({ keyPairs, serviceAccounts }, now),
    conditions: conditionsOf({ accessKey, otherHolder, outcome, keyPairs, violations, keepsMessage, now }),
    ...(keyPairs.length > 0 && { keyPairs }),
    ...(serviceAccounts.length > 0 && { serviceAccounts }),
  };
}

/** The status of an AccessKey that is being deleted, or whose namespace is: none of its pairs is valid any more. */
export function terminatingStatus(accessKey: AccessKeyRecord, now: number): AccessKeyStatus {
  const { userID, keyPairs = [], serviceAccounts = [] } = accessKey.status;
  const disabled = keyPairs.map(({ nextRotationAt: _, previous: __, ...pair }) => ({
    ...pair,
    state: 'Disabled' as const,
  }));
  return {
    observedGeneration: accessKey.generation,
    ...(userID !== undefined && { userID }),
    summary: summaryOf({ keyPairs: disabled, serviceAccounts }, now),
    conditions: terminatingConditions(accessKey, now),
    ...(disabled.length > 0 && { keyPairs: disabled }),
    ...(serviceAccounts.length > 0 && { serviceAccounts }),
  };
}

/** The recorded use of the ServiceAccounts that the spec still names. */
function namedAccounts({ spec, status }: AccessKeyRecord): ServiceAccountStatus[] {
  return (status.serviceAccounts ?? []).filter(({ name }) => spec.serviceAccounts?.includes(name));
}

/** An AccessKey that does not hold its user keeps its Secrets, so the status keeps its pairs. */
function keptInConflict({ status }: AccessKeyRecord): KeyPairStatus[] {
  return (status.keyPairs ?? []).map((pair) => ({ ...pair, state: 'Conflict' }));
}

/**
 * A removed pair stays in the status until its Secrets, also former ones, are deleted, so that no other pair can take
 * them over, nor is the pair valid again if it is added again.
 */
function notYetRemoved(accessKey: AccessKeyRecord, outcome: PlanOutcome): KeyPairStatus[] {
  const { notRemoved } = outcome;
  const disabled = { state: 'Disabled', removed: true } as const;
  const known = removedPairs(accessKey).flatMap((one) => {
    const isOfPair = ({ secret }: NotRemoved) => {
      const label = secret?.labels[keyPairLabel] ?? one.name;
      // A label that names no pair is wrong, so it says nothing.
      const isOfOther = pairSpecOf(accessKey, label) ?? pairStatusOf(accessKey, label);
      return secret && (label === one.name || !isOfOther);
    };
    const remaining = notRemoved.find(({ secretName }) => secretName === one.secretName) ?? notRemoved.find(isOfPair);
    return remaining ? [{ ...one, secretName: remaining.secretName, ...disabled }] : [];
  });
  return [...known, ...neverRecorded(accessKey, outcome).map((one) => ({ ...one, ...disabled }))];
}

type Leftover = Pick<KeyPairStatus, 'name' | 'accessKey' | 'secretName'>;

/** Removed pairs that were in no status: the operator crashed after it had created their Secrets. */
function neverRecorded({ spec, status }: AccessKeyRecord, { pairs, notRemoved }: PlanOutcome): Leftover[] {
  const recorded = [...(status.keyPairs ?? []), ...(status.keyPairs ?? []).flatMap((one) => one.previous ?? [])];
  const current = pairs.flatMap(({ secret }) => [secret?.pair?.ak, secret?.previous?.ak]);
  const aks = new Set([...recorded.map((one) => one.accessKey), ...current]);
  const found = new Map<string, Leftover>();
  for (const { secret, secretName } of notRemoved) {
    const name = secret?.labels[keyPairLabel];
    // The ak identifies a pair, so no other pair may have it.
    if (!secret?.pair || name === undefined || aks.has(secret.pair.ak)) continue;
    const isKnown = pairSpecOf({ spec }, name) ?? pairStatusOf({ status }, name);
    if (!isKnown) found.set(name, { name, accessKey: secret.pair.ak, secretName });
  }
  return [...found.values()];
}
