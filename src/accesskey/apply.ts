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
import { outcomeWithProblem, type PairOutcome, type PlanOutcome, type Scope } from './outcome.ts';
import { type PairFacts, pairFacts, pairOf, withoutEndedPrevious } from './pair-facts.ts';
import { type PairAction, type Plan, planSecret } from './plan.ts';
import type { SecretApi } from './secret-api.ts';
import { findPair, keptValues, newPair, withFound } from './secret-content.ts';
import { createSecret, replaceAdoptOrRefuse } from './take-over.ts';

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
export async function apply(api: SecretApi, accessKey: AccessKeyRecord, plan: Plan, now: number): Promise<PlanOutcome> {
  const scope = { api, accessKey, now };
  if (plan.remove.length > 0 || plan.pairs.some(isWrite)) await api.confirm(accessKey);
  const pairs: PairOutcome[] = [];
  for (const action of plan.pairs) pairs.push(await applyPair(scope, action));
  return { pairs, ...(await removeAll(api, plan.remove)) };
}

function isWrite({ kind }: PairAction): boolean {
  return kind !== 'keep' && kind !== 'wait' && kind !== 'occupied';
}

async function applyPair(scope: Scope, action: PairAction): Promise<PairOutcome> {
  try {
    return await attempt(scope, action);
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    const { pair } = action;
    if (passes.has(error.status)) throw error;
    const secretName = 'secretName' in action ? action.secretName : action.secret.name;
    const message = `Secret ${secretName} could not be written: ${error.message}`;
    return outcomeWithProblem(pair, secretName, { reason: 'SecretFailed', message, error }, heldBy(action));
  }
}

/** The Secret that goes on holding the pair when the action fails. */
function heldBy(action: PairAction): SecretRecord | undefined {
  if (action.kind === 'create' || action.kind === 'occupied') return action.from;
  return action.kind === 'regenerate' ? undefined : action.secret;
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
    case 'wait': {
      const message = `Secret ${action.secret.name} has to go first, perhaps a finalizer holds it`;
      return outcomeWithProblem(pair, action.secret.name, { reason: 'SecretTerminating', message });
    }
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

async function rotate(scope: Scope, { pair, secret, cause }: PairAction & { kind: 'rotate' }): Promise<PairOutcome> {
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
    const known = pairFacts(scope.accessKey, pair, withFound(secret, found));
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
async function createOrTake(scope: Scope, action: PairAction & { kind: 'create' }): Promise<PairOutcome> {
  const { api, accessKey } = scope;
  const live = await api.read(accessKey.namespace, action.secretName);
  if (!live) return createSecret(scope, action);
  const record = toSecretRecord(live);
  if (record.ownerUID !== accessKey.uid) return replaceAdoptOrRefuse(scope, action, live);
  const { pair, from } = action;
  const holds = pairOf(accessKey, record);
  if (holds === pair) return attempt(scope, planSecret(accessKey, pair, record, scope.now));
  if (holds) return attempt(scope, { ...action, kind: 'occupied', from });
  // Of a removed pair and not watched, so no plan will show it. While a finalizer holds it, creating fails as stale.
  await api.remove(record);
  return createSecret(scope, action);
}

async function removeAll(
  api: SecretApi,
  secrets: readonly SecretRecord[],
): Promise<Pick<PlanOutcome, 'removed' | 'notRemoved'>> {
  const removed: SecretRecord[] = [];
  const notRemoved: { secretName: string; error: KubernetesError }[] = [];
  for (const secret of secrets) {
    try {
      await api.remove(secret);
      removed.push(secret);
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      notRemoved.push({ secretName: secret.name, error });
    }
  }
  return { removed, notRemoved };
}
