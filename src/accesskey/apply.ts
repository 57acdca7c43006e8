import { type SecretRecord, toSecretRecord } from '../credential/secret-record.ts';
import { KubernetesError } from '../kube/errors.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from './access-key-record.ts';
import {
  dataPatch,
  desiredData,
  desiredMetadata,
  metadataPatch,
  type SecretPatch,
  type SecretValues,
} from './desired-secret.ts';
import {
  outcomeWithProblem,
  type PairOutcome,
  type PairProblem,
  type PlanOutcome,
  type Progress,
  removeSecret,
  type Scope,
  terminating,
} from './outcome.ts';
import { type PairFacts, pairFacts, pairOf, withoutEndedPrevious } from './pair-facts.ts';
import { type Move, type PairAction, type Plan, planSecret } from './plan.ts';
import type { SecretApi } from './secret-api.ts';
import { findPair, keptValues, newPair, withFound } from './secret-content.ts';
import { adoptReplaceOrRefuse, createSecret } from './take-over.ts';

type Rotate = { pair: KeyPairSpec } & Extract<PairAction, { kind: 'rotate' }>;

/** Statuses that say something of the API server and nothing of the Secret: the whole pass is tried again. */
const passes = new Set([401, 429, 502, 503, 504]);

/**
 * Carries out a plan. Every step is safe to repeat and says by a precondition what it was decided on, so a stale cache
 * can make it fail, never do harm: it then throws and the key is tried again. Before anything is written the API server
 * is asked whether the AccessKey is still of the generation that the plan was made from.
 *
 * What the API server refuses for one pair (quota, admission) does not stop the others: its outcome has a problem.
 *
 * @throws StaleError when the cache was stale
 * @throws ConnectionError when the API server does not answer
 */
export async function apply(
  api: SecretApi,
  accessKey: AccessKeyRecord,
  plan: Plan,
  now: number,
  progress: Progress,
): Promise<PlanOutcome> {
  const scope = { api, accessKey, now, progress };
  const isNeeded = plan.remove.length > 0 || plan.retired.length > 0 || plan.pairs.some(mayWrite);
  if (isNeeded) await api.confirm(accessKey);
  const pairs: PairOutcome[] = [];
  for (const action of plan.pairs) {
    const outcome = await applyPair(scope, action);
    progress.changed(outcome);
    pairs.push(outcome);
  }
  return { pairs, notRemoved: await removeAll(scope, plan) };
}

function mayWrite(action: PairAction): boolean {
  if (action.kind === 'wait' || action.kind === 'occupied') return action.rotation !== undefined;
  return action.kind !== 'keep';
}

/** A pair that is to be replaced is replaced where it is, whether or not it can move then. */
async function applyPair(scope: Scope, action: PairAction): Promise<PairOutcome> {
  if (!isMove(action) || !action.from || !action.rotation) return applyAction(scope, action);
  const { pair, from, rotation } = action;
  const rotated = await applyAction(scope, { kind: 'rotate', pair, secret: from, cause: rotation });
  if (rotated.problem) return rotated;
  scope.progress.changed(rotated);
  return applyAction(scope, { ...action, from: rotated.secret, rotation: undefined });
}

async function applyAction(scope: Scope, action: PairAction): Promise<PairOutcome> {
  try {
    return await attempt(scope, action);
  } catch (error) {
    if (!(error instanceof KubernetesError) || passes.has(error.status)) throw error;
    const name = secretNameIn(action);
    return outcomeWithProblem(action.pair, name, failure(error, name, isImmutable(action)), heldBy(action));
  }
}

function isMove(action: PairAction): action is { pair: KeyPairSpec } & Move {
  return action.kind === 'create' || action.kind === 'occupied' || action.kind === 'wait';
}

function secretNameIn(action: PairAction): string {
  return isMove(action) ? action.secretName : action.secret.name;
}

/** The Secret that goes on holding the pair when the action fails. */
function heldBy(action: PairAction): SecretRecord | undefined {
  if (isMove(action)) return action.from;
  return action.kind === 'regenerate' ? undefined : action.secret;
}

function isImmutable(action: PairAction): boolean {
  return !isMove(action) && action.secret.immutable;
}

/** Of an error of the server's only the status is told: its text may be another one each time. */
function failure(error: KubernetesError, secretName: string, immutable: boolean): PairProblem {
  const stable = `Secret ${secretName} could not be written: ${error.status} ${error.reason}`.trimEnd();
  const why = immutable ? ', it is immutable: delete it, and a new pair is made' : '';
  const text =
    error.status < 500 && !immutable ? `Secret ${secretName} could not be written: ${error.message}` : stable;
  return {
    reason: 'SecretFailed',
    message: `${text}${why}`,
    stable: `Secret ${secretName} could not be written`,
    error,
  };
}

async function attempt(scope: Scope, action: PairAction): Promise<PairOutcome> {
  const { pair } = action;
  switch (action.kind) {
    case 'keep':
      return { pair, secretName: action.secret.name, secret: action.secret, change: 'none' };
    case 'update':
      return update(scope, action);
    case 'rotate':
      return rotate(scope, action);
    case 'regenerate':
      return regenerate(scope, action);
    case 'create':
      return createOrTake(scope, action);
    case 'wait':
      return outcomeWithProblem(pair, action.secretName, terminating(action.secretName), action.from);
    case 'occupied': {
      const message = `Secret ${action.secretName} holds another key pair of this AccessKey, choose another secret.name`;
      return outcomeWithProblem(pair, action.secretName, { reason: 'SecretConflict', message }, action.from);
    }
  }
}

async function update(scope: Scope, { pair, secret, facts }: PairAction & { kind: 'update' }): Promise<PairOutcome> {
  const live = await scope.api.readAsRecorded(secret);
  const found = findPair(live, secret, pair, knownAk(scope, pair));
  if (!found) return regenerate(scope, { kind: 'regenerate', pair, secret });
  const values = keptValues(live, found, facts);
  const written = await scope.api.patch(secret, changeOf(scope.accessKey, pair, secret, values, facts));
  return { pair, secretName: secret.name, secret: written, change: 'updated' };
}

async function rotate(scope: Scope, { pair, secret, cause }: Rotate): Promise<PairOutcome> {
  const live = await scope.api.readAsRecorded(secret);
  const { values, facts } = newPair(pair, findPair(live, secret, pair, knownAk(scope, pair)), scope.now);
  const written = await scope.api.patch(secret, changeOf(scope.accessKey, pair, secret, values, facts));
  return { pair, secretName: secret.name, secret: written, change: 'rotated', cause };
}

function knownAk({ accessKey }: Scope, pair: KeyPairSpec): string | undefined {
  return pairStatusOf(accessKey, pair.name)?.accessKey;
}

/** Notes that are lost may be why no pair was found, so it is looked for under the keys of the spec before. */
async function regenerate(
  scope: Scope,
  { pair, secret }: { kind: 'regenerate'; pair: KeyPairSpec; secret: SecretRecord },
): Promise<PairOutcome> {
  const live = await scope.api.readAsRecorded(secret);
  const found = findPair(live, secret, pair, knownAk(scope, pair));
  if (found) {
    const known = pairFacts(scope.accessKey, pair, withFound(secret, found), scope.now);
    const facts = withoutEndedPrevious(known, scope.now);
    return update(scope, { kind: 'update', pair, secret, facts });
  }
  const { values, facts } = newPair(pair, undefined, scope.now);
  const written = await scope.api.patch(secret, changeOf(scope.accessKey, pair, secret, values, facts));
  return { pair, secretName: secret.name, secret: written, change: 'regenerated', malformed: secret.malformed };
}

function changeOf(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secret: SecretRecord,
  values: SecretValues,
  facts: PairFacts,
): Partial<SecretPatch> {
  const metadata = metadataPatch(secret, desiredMetadata(accessKey, pair, facts));
  return { ...(metadata && { metadata }), data: dataPatch(secret, desiredData(pair, values)) };
}

/**
 * The cache shows no Secret, which may be because it is stale, because the label was lost or because the name is
 * somebody else's: the API server is asked before anything is made.
 */
async function createOrTake(scope: Scope, action: { pair: KeyPairSpec } & Move): Promise<PairOutcome> {
  const { api, accessKey } = scope;
  const live = await api.read(accessKey.namespace, action.secretName);
  if (!live) return createSecret(scope, action);
  const record = toSecretRecord(live);
  if (record.ownerUID !== accessKey.uid) return adoptReplaceOrRefuse(scope, action, live);
  if (record.deleting) return attempt(scope, { ...action, kind: 'wait' });
  const { pair } = action;
  const holds = pairOf(accessKey, record);
  if (holds === pair) return attempt(scope, planSecret(accessKey, pair, record, scope.now));
  if (holds) return attempt(scope, { ...action, kind: 'occupied' });
  // Of a removed pair and not watched, so no plan will show it. When a finalizer holds it, creating fails as stale, once.
  await removeSecret(scope, record);
  return createSecret(scope, action);
}

/** @returns the Secrets that the API server did not let go */
async function removeAll(scope: Scope, { remove, retired }: Plan): Promise<PlanOutcome['notRemoved']> {
  const failed: { secretName: string; error: KubernetesError }[] = [];
  const attempt = async (secretName: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof KubernetesError) || passes.has(error.status)) throw error;
      failed.push({ secretName, error });
    }
  };
  for (const secret of remove) await attempt(secret.name, () => removeSecret(scope, secret));
  for (const { secretName } of retired) await attempt(secretName, () => removeRetired(scope, secretName));
  return failed;
}

/** The Secret of a removed pair, though it may have lost the labels by which it is watched. */
async function removeRetired(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const live = await api.read(accessKey.namespace, secretName);
  const record = live && toSecretRecord(live);
  if (!record || record.ownerUID !== accessKey.uid || record.deleting) return;
  if (!pairOf(accessKey, record)) await removeSecret(scope, record);
}
