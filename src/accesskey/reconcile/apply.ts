import { type SecretRecord, toSecretRecord } from '../../credential/secret-record.ts';
import { KubernetesError } from '../../kube/errors.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';
import {
  isOfServer,
  outcomeWithProblem,
  type PairOutcome,
  type PairProblem,
  type PlanOutcome,
  type Progress,
  removeSecret,
  type Scope,
  terminating,
} from './outcome.ts';
import { regenerate, rotate, update } from './pair-secret.ts';
import { type Move, type PairAction, type Plan, planSecret } from './plan.ts';
import { removeAll } from './removal.ts';
import type { SecretApi } from './secret-api.ts';
import { adoptReplaceOrRefuse, createSecret } from './take-over.ts';

/**
 * Carries out a plan. Every step is safe to repeat and says by a precondition what it was decided on, so a stale cache
 * can make it fail, never do harm: it then throws and the key is tried again. Before anything is written the API server
 * is asked whether the AccessKey is still of the generation that the plan was made from.
 *
 * What the API server refuses for one pair (quota, admission) does not stop the others: its outcome has a problem.
 *
 * @throws StaleCacheError when the cache was stale
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
  if (action.kind === 'wait' || action.kind === 'conflict') return action.rotation !== undefined;
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
    if (!(error instanceof KubernetesError) || isOfServer(error)) throw error;
    const name = secretNameIn(action);
    return outcomeWithProblem(action.pair, name, failure(error, name, isImmutable(action)), heldBy(action));
  }
}

function isMove(action: PairAction): action is { pair: KeyPairSpec } & Move {
  return action.kind === 'create' || action.kind === 'conflict' || action.kind === 'wait';
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
  const stable = `Secret ${secretName} could not be written`;
  const text = error.status < 500 && !immutable ? error.message : `${error.status} ${error.reason}`.trimEnd();
  const why = immutable ? ', it is immutable: delete it, and a new pair is made' : '';
  return { reason: 'SecretFailed', message: `${stable}: ${text}${why}`, stable, error };
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
    case 'conflict': {
      const message = `Secret ${action.secretName} holds another key pair of this AccessKey, choose another secret.name`;
      return outcomeWithProblem(pair, action.secretName, { reason: 'SecretConflict', message }, action.from);
    }
  }
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
  if (holds) return attempt(scope, { ...action, kind: 'conflict' });
  // Of a removed pair and not watched, so no plan will show it. When a finalizer holds it, creating fails as stale, once.
  await removeSecret(scope, record);
  return createSecret(scope, action);
}
