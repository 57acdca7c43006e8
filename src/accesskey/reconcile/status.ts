import { keyPairLabel } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import { compareText } from '../../kube/sorted-list.ts';
import type { Guardrails } from '../guardrails/guardrails.ts';
import { violationsOf } from '../guardrails/violations.ts';
import {
  type AccessKeyRecord,
  type FormerSecret,
  isFormerSecret,
  type KeyPairStatus,
  pairSpecOf,
  type ServiceAccountStatus,
} from '../model/access-key-record.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { conditionsOf, terminatingConditions } from './conditions.ts';
import { withExpiryWarnings } from './expiry-warnings.ts';
import type { NotRemoved, PlanOutcome } from './outcome.ts';
import { keptPrevious, pairStatus } from './pair-status.ts';
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
      : keptInConflict(accessKey, now);
  const keyPairs = withExpiryWarnings(observed, { known: accessKey.status.keyPairs ?? [], warningDays, now });
  const formerSecrets =
    otherHolder === undefined ? formerSecretsOf(accessKey, outcome) : (accessKey.status.formerSecrets ?? []);
  const serviceAccounts = namedAccounts(accessKey);
  const violations = guardrails && violationsOf({ accessKey, keyPairs, now }, guardrails);
  return {
    observedGeneration: accessKey.generation,
    ...(otherHolder === undefined && { userID: accessKey.uid }),
    summary: summaryOf({ keyPairs, serviceAccounts }, now),
    conditions: conditionsOf({ accessKey, otherHolder, outcome, keyPairs, violations, keepsMessage, now }),
    ...(formerSecrets.length > 0 && { formerSecrets }),
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

/**
 * An AccessKey that does not hold its user keeps its Secrets, so the status keeps its pairs. What the spec revokes
 * meanwhile stays revoked when the AccessKey holds the user again: a removed pair, and a previous pair without an overlap.
 */
function keptInConflict(accessKey: AccessKeyRecord, now: number): KeyPairStatus[] {
  const removed = new Set(removedPairs(accessKey).map(({ name }) => name));
  return (accessKey.status.keyPairs ?? []).map((known) => {
    const previous = keptPrevious(pairSpecOf(accessKey, known.name), known, now);
    const { previous: _, ...rest } = known;
    return {
      ...rest,
      state: 'Conflict',
      ...(previous && { previous }),
      ...(removed.has(known.name) && { removed: true }),
    };
  });
}

/**
 * Secrets with replaced keys, until they are deleted. The other Secret, which shows that the keys were replaced, may be
 * deleted before. A Secret that the status names is recorded only when the status has another one: what is in the status
 * must not be lost.
 */
function formerSecretsOf({ status }: AccessKeyRecord, { notRemoved }: PlanOutcome): FormerSecret[] {
  const isRecorded = ({ name }: SecretRecord) =>
    status.keyPairs?.some(({ accessKey, secretName }) => accessKey !== undefined && secretName === name);
  const former = notRemoved.flatMap(({ secret, superseded }) => {
    const isFormer = secret && (isFormerSecret({ status }, secret) || (superseded && !isRecorded(secret)));
    return isFormer ? [{ name: secret.name, uid: secret.uid }] : [];
  });
  return former.sort((a, b) => compareText(a.name, b.name));
}

/**
 * A removed pair stays in the status until its Secrets, also former ones, are deleted, so that no other pair can take them
 * over, nor is the pair valid again if it is added again.
 */
function notYetRemoved(accessKey: AccessKeyRecord, { notRemoved }: PlanOutcome): KeyPairStatus[] {
  return removedPairs(accessKey).flatMap((known) => {
    const isOfPair = ({ secret }: NotRemoved) =>
      secret && (secret.pair?.ak === known.accessKey || secret.labels[keyPairLabel] === known.name);
    const remaining = notRemoved.find((one) => one.secretName === known.secretName) ?? notRemoved.find(isOfPair);
    const { secretName } = remaining ?? {};
    return secretName === undefined ? [] : [{ ...known, secretName, state: 'Disabled' as const, removed: true }];
  });
}
