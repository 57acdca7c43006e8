import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import type { Plan } from '../../../../src/accesskey/reconcile/actions.ts';
import { apply } from '../../../../src/accesskey/reconcile/apply.ts';
import { applyTokens } from '../../../../src/accesskey/reconcile/apply-token.ts';
import { mayOwn } from '../../../../src/accesskey/reconcile/observe.ts';
import type { PairOutcome, PlanOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { plan } from '../../../../src/accesskey/reconcile/plan.ts';
import type { SecretTokens } from '../../../../src/accesskey/reconcile/plan-token.ts';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { isSameStatus } from '../../../../src/accesskey/reconcile/status-writer.ts';
import { type SecretRecord, textAt } from '../../../../src/credential/secret-record.ts';
import { caches, now } from '../../../support/builders.ts';
import { statusAfter } from './outcomes.ts';
import type { RawSecret, SecretsApi } from './secrets-api.ts';

/** The plan of an AccessKey that holds its user and has these cached Secrets. */
export function planOf(accessKey: AccessKeyRecord, secrets: readonly SecretRecord[], time = now): Plan {
  return plan({ accessKey, beingDeleted: false, userHolder: accessKey.key, secrets }, time);
}

/** Each token names its pair. */
export const tokenOf = (ak: string) => `token of ${ak}`;
const tokens: SecretTokens = {
  issuer: 'ghippo.io',
  isReady: () => true,
  isPublished: () => true,
  async issue({ ak, validForMs, expiresAt, now: issuedAt }) {
    return { token: tokenOf(ak), kid: 'k', issuedAt, expiresAt: Math.min(issuedAt + validForMs, expiresAt) };
  },
};

/** What was reported as progress, also if the reconcile failed. */
export interface Reported {
  changed: PairOutcome[];
  removed: string[];
}

export type ReconcileOutcome = PlanOutcome & Reported;

/** Applies the plan for these cached Secrets, whatever the API server has. Those of other owners are not planned. */
export async function applyTo(
  api: SecretsApi,
  accessKey: AccessKeyRecord,
  cached: readonly SecretRecord[],
  time = now,
  { changed, removed }: Reported = { changed: [], removed: [] },
): Promise<ReconcileOutcome> {
  api.know(accessKey);
  const progress = {
    changed: (outcome: PairOutcome) => void changed.push(outcome),
    removed: (secretName: string) => void removed.push(secretName),
  };
  const owned = cached.filter(({ ownerUID }) => ownerUID === accessKey.uid);
  const plan = planOf(accessKey, owned, time);
  const filled = caches({ accessKeys: [accessKey], secrets: [...cached] });
  const mayOwnIn = mayOwn(filled, accessKey);
  const scope = { api: createSecretApi(api.client), accessKey, progress, mayOwn: mayOwnIn, now: time };
  const applied = await apply({ ...scope, plan });
  const options = { userHolder: accessKey.key, secrets: owned, tokens, held: new Map() };
  const outcome = await applyTokens(scope, applied, options);
  return { ...outcome, changed, removed };
}

/** One reconcile with an up-to-date cache. */
export function reconcileOnce(
  api: SecretsApi,
  accessKey: AccessKeyRecord,
  time = now,
  reported?: Reported,
): Promise<ReconcileOutcome> {
  return applyTo(api, accessKey, api.watched(accessKey), time, reported);
}

/** The AccessKey with the status after a reconcile. */
export function withStatus(accessKey: AccessKeyRecord, outcome: PlanOutcome, time = now): AccessKeyRecord {
  const options = { accessKey, userHolder: accessKey.key, outcome, warningDays: [30, 7, 1], now: time };
  return { ...accessKey, status: statusAfter(options) };
}

/**
 * Reconciles until nothing is written, neither a Secret nor the status, and again after a StaleCacheError.
 *
 * @returns the AccessKey with its last status, the number of reconciles that wrote something, and every status
 */
export async function settle(api: SecretsApi, accessKey: AccessKeyRecord, time = now, limit = 10) {
  let current = accessKey;
  const statuses: AccessKeyRecord['status'][] = [];
  for (let writing = 0; writing <= limit; writing += 1) {
    const before = api.writes().length;
    const outcome = await reconcileOnce(api, current, time).catch(ifRetried);
    if (!outcome) continue;
    const next = withStatus(current, outcome, time);
    const isQuiet = api.writes().length === before && isSameStatus(next.status, current.status);
    current = next;
    statuses.push(current.status);
    if (isQuiet) return { accessKey: current, outcome, writing, statuses };
  }
  throw new Error(`still writing after ${limit} reconciles`);
}

/** The controller reconciles again after this error. */
export function ifRetried(error: unknown): undefined {
  if (!(error instanceof StaleCacheError)) throw error;
}

/** The decoded pair of a Secret. */
export function plain(raw: RawSecret | undefined, akKey = 'ak', skKey = 'sk') {
  const data = raw?.data ?? {};
  return { ak: textAt(data, akKey), sk: textAt(data, skKey) };
}

export function changes({ pairs }: PlanOutcome) {
  return pairs.map((outcome) => outcome.problem?.reason ?? outcome.change);
}
