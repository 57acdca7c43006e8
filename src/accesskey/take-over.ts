import { managedBy, type SecretObject, type SecretRecord, toSecretRecord } from '../credential/secret-record.ts';
import { type KeyPairSpec, pairStatusOf } from './access-key-record.ts';
import { judgeAdoption } from './adoption.ts';
import { desiredData, desiredMetadata, metadataPatch, type SecretValues } from './desired-secret.ts';
import { outcomeWithProblem, type PairOutcome, type Scope } from './outcome.ts';
import { type PairFacts, pairFacts, pairOf, withoutEndedPrevious } from './pair-facts.ts';
import type { PairAction } from './plan.ts';
import { type OwnerReference, ownerReferenceTo } from './secret-api.ts';
import { findPair, keptValues, newPair, withFound } from './secret-content.ts';

/** Makes the Secret of a pair: with the pair of its former Secret when it moves, else with a new one. */
export async function createSecret(
  scope: Scope,
  { pair, secretName, from }: PairAction & { kind: 'create' },
): Promise<PairOutcome> {
  const { api, accessKey, now } = scope;
  const former = await readFormer(scope, pair, from);
  const { values, facts } = former ?? newPair(pair, undefined, now);
  const metadata = desiredMetadata(accessKey, pair, facts);
  const secret = await api.create(accessKey, secretName, metadata, desiredData(pair, values));
  // One that has lost our label is not watched, so no later plan would show it as left over.
  if (former && former.record.labels[managedBy.label] !== managedBy.value) await api.remove(former.record);
  const isKnown = pairStatusOf(accessKey, pair.name)?.accessKey !== undefined;
  return { pair, secretName, secret, change: former ? 'moved' : isKnown ? 'lost' : 'created' };
}

/**
 * The pair as it is in the Secret of its former name: the one in the cache, else the one that the status names, which
 * may have lost its labels.
 */
async function readFormer(
  { api, accessKey, now }: Scope,
  pair: KeyPairSpec,
  from: SecretRecord | undefined,
): Promise<{ record: SecretRecord; values: SecretValues; facts: PairFacts } | undefined> {
  const name = from?.name ?? pairStatusOf(accessKey, pair.name)?.secretName;
  const live = name === undefined ? undefined : await api.read(accessKey.namespace, name);
  if (!live) return undefined;
  const record = toSecretRecord(live);
  const found = findPair(live, record, pair, pairStatusOf(accessKey, pair.name)?.accessKey);
  if (!found || record.ownerUID !== accessKey.uid || record.deleting) return undefined;
  const seen = withFound(record, found);
  if (pairOf(accessKey, seen) !== pair) return undefined;
  const facts = withoutEndedPrevious(pairFacts(accessKey, pair, seen), now);
  return { record, values: keptValues(live, found, facts), facts };
}

/**
 * Decides about a Secret that is not of this AccessKey: one of a former AccessKey of the same name goes, one that a
 * person has marked is taken over, any other is not touched.
 */
export async function replaceAdoptOrRefuse(
  scope: Scope,
  action: PairAction & { kind: 'create' },
  live: SecretObject,
): Promise<PairOutcome> {
  if (!isOfPredecessor(scope, live)) return adoptOrRefuse(scope, action, live);
  await scope.api.remove(toSecretRecord(live));
  return createSecret(scope, action);
}

/**
 * Whether the Secret belongs to an AccessKey that had this one's name before. The garbage collector is to delete it, but
 * does not always: when it misses the deletion and next sees the new object, it takes that for a change of the old one.
 * That the owner is gone is certain: apply has confirmed that the name is this AccessKey's.
 */
function isOfPredecessor({ accessKey }: Scope, live: SecretObject): boolean {
  const { ownerUID, deleting } = toSecretRecord(live);
  if (ownerUID === undefined || ownerUID === accessKey.uid || deleting) return false;
  return live.metadata?.ownerReferences?.some((one) => one.uid === ownerUID && one.name === accessKey.name) === true;
}

/** Takes over a Secret that is not of this AccessKey, when a person has asked for it; otherwise it is not touched. */
async function adoptOrRefuse(
  { api, accessKey, now }: Scope,
  { pair, secretName, from }: PairAction & { kind: 'create' },
  live: SecretObject,
): Promise<PairOutcome> {
  const verdict = judgeAdoption(accessKey, pair, live);
  if ('refuse' in verdict) {
    return outcomeWithProblem(pair, secretName, { reason: 'SecretConflict', message: verdict.refuse }, from);
  }
  const facts = { revision: pair.revision ?? 1, generatedAt: now, previousValidUntil: undefined };
  // Compared with the Secret as it is, not with the record, which already has the notes that it is to get.
  const metadata = metadataPatch(toSecretRecord(live), desiredMetadata(accessKey, pair, facts));
  const ownerReferences = [...(live.metadata?.ownerReferences ?? []), ownerReferenceTo(accessKey)];
  const change = { ...(metadata && { metadata }), ownerReferences: ownerReferences as OwnerReference[] };
  const secret = await api.patch(verdict.adopt, change);
  return { pair, secretName, secret, change: 'adopted' };
}
