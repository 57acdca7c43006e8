import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import type { Plan } from '../../../../src/accesskey/reconcile/actions.ts';
import { apply } from '../../../../src/accesskey/reconcile/apply.ts';
import type { PairOutcome, PlanOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { plan } from '../../../../src/accesskey/reconcile/plan.ts';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { statusOf } from '../../../../src/accesskey/reconcile/status.ts';
import { isSameStatus } from '../../../../src/accesskey/reconcile/status-writer.ts';
import { type SecretRecord, textAt } from '../../../../src/credential/secret-record.ts';
import { now } from '../../../support/builders.ts';
import type { RawSecret, SecretsApi } from './secrets-api.ts';

/** The plan of an AccessKey that holds its claim and sees these Secrets. */
export function planOf(accessKey: AccessKeyRecord, secrets: readonly SecretRecord[], time = now): Plan {
  return plan({ accessKey, stopped: false, userHolder: accessKey.key, secrets }, time);
}

/** What is told while a pass is under way; it is there also when the pass breaks off. */
export interface Told {
  told: PairOutcome[];
  removed: string[];
}

/** What a pass led to, and what was told on the way. */
export type PassOutcome = PlanOutcome & Told;

/** Carries out what the cache led to, whatever the API server has by now. */
export async function applyTo(
  api: SecretsApi,
  accessKey: AccessKeyRecord,
  cached: readonly SecretRecord[],
  time = now,
  { told, removed }: Told = { told: [], removed: [] },
): Promise<PassOutcome> {
  api.know(accessKey);
  const progress = {
    changed: (outcome: PairOutcome) => void told.push(outcome),
    removed: (secretName: string) => void removed.push(secretName),
  };
  const plan = planOf(accessKey, cached, time);
  const outcome = await apply({ api: createSecretApi(api.client), accessKey, plan, progress, now: time });
  return { ...outcome, told, removed };
}

/** One pass with a cache that is up to date. */
export function pass(api: SecretsApi, accessKey: AccessKeyRecord, time = now, told?: Told): Promise<PassOutcome> {
  return applyTo(api, accessKey, api.watched(accessKey), time, told);
}

/** The AccessKey with the status that a pass leads to. */
export function withStatus(accessKey: AccessKeyRecord, outcome: PlanOutcome, time = now): AccessKeyRecord {
  return { ...accessKey, status: statusOf({ accessKey, userHolder: accessKey.key, outcome, now: time }) };
}

/**
 * Passes until one writes nothing, neither a Secret nor the status.
 *
 * @returns the AccessKey with its last status, how many passes wrote something, and every status on the way
 */
export async function settle(api: SecretsApi, accessKey: AccessKeyRecord, time = now, limit = 10) {
  let current = accessKey;
  const statuses: AccessKeyRecord['status'][] = [];
  for (let writing = 0; writing <= limit; writing += 1) {
    const before = api.writes().length;
    const outcome = await pass(api, current, time);
    const next = withStatus(current, outcome, time);
    const isQuiet = api.writes().length === before && isSameStatus(next.status, current.status);
    current = next;
    statuses.push(current.status);
    if (isQuiet) return { accessKey: current, outcome, writing, statuses };
  }
  throw new Error(`still writing after ${limit} passes`);
}

/** The pair in a Secret, in plain text. */
export function plain(raw: RawSecret | undefined, akKey = 'ak', skKey = 'sk') {
  const data = raw?.data ?? {};
  return { ak: textAt(data, akKey), sk: textAt(data, skKey) };
}

export function changes({ pairs }: PlanOutcome) {
  return pairs.map((outcome) => outcome.problem?.reason ?? outcome.change);
}
