import type { SecretRecord } from '../../credential/secret-record.ts';
import { pairStatusOf } from '../model/access-key-record.ts';
import { isPlacement, type PairAction, type Placement, type Plan, type ResolvedAction } from './actions.ts';
import { createSecret } from './create-secret.ts';
import type { PairOutcome, PlanOutcome } from './outcome.ts';
import { blockedOutcome, outcomeWithProblem, writeProblem } from './problems.ts';
import { removeReplaced, removeSecrets } from './remove-secrets.ts';
import { resolve } from './resolve-create.ts';
import { removeSecret, type Scope } from './scope.ts';
import { StaleCacheError, secretErrorOf } from './secret-errors.ts';
import { adopt, heldOutcome, keep, writeContent } from './write-secret.ts';

/**
 * Executes a plan. Every step is safe to repeat. Every patch and deletion carries the resourceVersion it was planned for,
 * and a create fails if the name is taken. So a stale cache makes the step fail, and the reconcile is retried. Before the
 * first write, the API server must confirm that the AccessKey still has the planned generation, and also the planned status
 * if that says which keys are revoked.
 *
 * If the API server rejects a request for one pair (quota, admission), its outcome has a problem, and the other pairs
 * are still applied.
 *
 * @throws StaleCacheError if the cache was stale
 * @throws KubernetesError if the response is about the API server and not about one Secret (`secretErrorOf`)
 * @throws ConnectionError if the API server does not respond
 * @throws NotLeaderError if leadership has ended
 */
export async function apply({ plan, ...scope }: Scope & { plan: Plan }): Promise<PlanOutcome> {
  const mayWrite = plan.remove.length > 0 || plan.removedPairs.length > 0 || plan.pairs.some(needsConfirmation);
  if (mayWrite) await confirm(scope, plan);
  const pairs = await applyPairs(scope, plan.pairs);
  return { pairs, notRemoved: await removeSecrets(scope, plan) };
}

/**
 * That a pair was removed before, or that a Secret is a former one, is only in the status. If the cached one is stale, the
 * pair may already have new keys, and the Secret may have been adopted.
 */
function confirm({ api, accessKey }: Scope, { pairs }: Plan): Promise<void> {
  const wasRemoved = pairs.some(({ pair }) => pairStatusOf(accessKey, pair.name)?.removed);
  return wasRemoved || accessKey.status.formerSecrets ? api.confirmStatus(accessKey) : api.confirm(accessKey);
}

/** If all pairs are new, they are created at the same time, because none depends on another. */
async function applyPairs(scope: Scope, actions: readonly PairAction[]): Promise<PairOutcome[]> {
  if (areIndependent(scope, actions)) return applyTogether(scope, actions);
  const outcomes: PairOutcome[] = [];
  for (const action of actions) {
    const outcome = await applyPair(scope, action);
    scope.progress.changed(outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** Of new pairs that want the same Secret name, the first gets it. */
function areIndependent(scope: Scope, actions: readonly PairAction[]): boolean {
  const names = new Set(actions.map(secretNameIn));
  return names.size === actions.length && actions.every((action) => isNew(scope, action));
}

/** Waits for all pairs, also if one fails: a retry must not overlap with requests of this reconcile. */
async function applyTogether(scope: Scope, actions: readonly PairAction[]): Promise<PairOutcome[]> {
  const results = actions.map((action) => applyPair(scope, action));
  for (const settled of await Promise.allSettled(results)) {
    if (settled.status === 'fulfilled') scope.progress.changed(settled.value);
  }
  return Promise.all(results);
}

function needsConfirmation(action: PairAction): boolean {
  if (action.kind === 'wait' || action.kind === 'conflict') return action.rotation !== undefined;
  return action.kind !== 'keep' && action.kind !== 'hold';
}

/** A due rotation happens in the current Secret, before the move and even if the pair cannot move. */
async function applyPair(scope: Scope, action: PairAction): Promise<PairOutcome> {
  if (!isPlacement(action) || !action.from || !action.rotation) return applyAction(scope, action);
  const { pair, from, rotation } = action;
  const rotated = await applyAction(scope, { kind: 'rotate', pair, secret: from, cause: rotation });
  if (rotated.problem) return rotated;
  scope.progress.changed(rotated);
  const placed = await applyAction(scope, { ...action, from: rotated.secret, rotation: undefined });
  const isSame = placed.secret?.pair?.ak === rotated.secret?.pair?.ak;
  return { ...placed, ...(isSame && rotated.facts && { facts: rotated.facts }) };
}

async function applyAction(scope: Scope, action: PairAction): Promise<PairOutcome> {
  try {
    return await (action.kind === 'create' ? place(scope, action) : execute(scope, action));
  } catch (error) {
    const secretName = secretNameIn(action);
    const immutable = !isPlacement(action) && action.secret.immutable;
    const problem = writeProblem({ error: secretErrorOf(error), secretName, immutable });
    return outcomeWithProblem({ pair: action.pair, secretName, problem, currentSecret: currentSecretIn(action) });
  }
}

/** The status does not have the pair, so nothing suggests that its Secret exists. */
function isNew({ accessKey }: Scope, action: PairAction): action is Placement & { kind: 'create' } {
  return action.kind === 'create' && !action.from && pairStatusOf(accessKey, action.pair.name) === undefined;
}

/**
 * A new pair is created without reading first, because a create fails if there is a Secret of that name. A quota or a
 * webhook may reject it before that, so the Secret is read after any error that is about it.
 */
async function place(scope: Scope, action: Placement & { kind: 'create' }): Promise<PairOutcome> {
  if (!isNew(scope, action)) return execute(scope, await readAndResolve(scope, action));
  try {
    return await createSecret(scope, action);
  } catch (error) {
    if (!(error instanceof StaleCacheError)) secretErrorOf(error);
    const resolved = await readAndResolve(scope, action);
    if (resolved.kind === 'create') throw error;
    return execute(scope, resolved);
  }
}

async function readAndResolve({ api, accessKey, now }: Scope, action: Placement): Promise<PairAction | ResolvedAction> {
  const fetched = await api.read(accessKey.namespace, action.secretName);
  return resolve({ accessKey, action, fetched, now });
}

async function execute(scope: Scope, action: PairAction | ResolvedAction): Promise<PairOutcome> {
  switch (action.kind) {
    case 'keep':
      return keep(scope, action);
    case 'hold':
      return heldOutcome(action);
    case 'update':
    case 'rotate':
    case 'recover':
      return writeContent(scope, action);
    case 'replace':
      await removeSecret(scope, action.secret);
      return createSecret(scope, action);
    case 'create':
      return createSecret(scope, action);
    case 'adopt':
      await removeReplaced(scope, action.pair);
      return adopt(scope, action);
    case 'wait':
    case 'conflict':
    case 'reject':
      return blockedOutcome(action);
  }
}

function secretNameIn(action: PairAction): string {
  return isPlacement(action) ? action.secretName : action.secret.name;
}

/** The Secret that still holds the pair if the action fails. */
function currentSecretIn(action: PairAction): SecretRecord | undefined {
  if (isPlacement(action)) return action.from;
  return action.kind === 'recover' ? undefined : action.secret;
}
