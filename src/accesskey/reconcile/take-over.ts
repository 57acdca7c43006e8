import {
  managedBy,
  annotations as notes,
  type SecretObject,
  type SecretRecord,
  toSecretRecord,
} from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from '../model/access-key-record.ts';
import { type PairFacts, pairFacts, pairOf, withoutEndedPrevious } from '../model/pair-facts.ts';
import { isMarked, judgeAdoption } from './adoption.ts';
import {
  desiredData,
  desiredMetadata,
  labelsOf,
  metadataPatch,
  type SecretPatch,
  type SecretValues,
} from './desired-secret.ts';
import { outcomeWithProblem, type PairOutcome, removeSecret, type Scope, terminating } from './outcome.ts';
import type { Move } from './plan.ts';
import { type OwnerReference, ownerReferenceTo } from './secret-api.ts';
import { findPair, keptValues, newPair, withFound } from './secret-content.ts';

type Create = { pair: KeyPairSpec } & Move;

/** Makes the Secret of a pair: with the pair of its former Secret when it moves, else with a new one. */
export async function createSecret(scope: Scope, { pair, secretName, from }: Create): Promise<PairOutcome> {
  const { api, accessKey, now } = scope;
  const former = await readFormer(scope, pair, from);
  const { values, facts } = former ?? newPair(pair, undefined, now);
  // One that has lost our label is not watched, so no later plan would show it as left over.
  if (former && !isWatched(former.record))
    await api.patch(former.record, { metadata: watchedMetadata(accessKey, pair) });
  const metadata = desiredMetadata(accessKey, pair, facts);
  const secret = await api.create(accessKey, secretName, metadata, desiredData(pair, values));
  const known = pairStatusOf(accessKey, pair.name);
  if (former) return { pair, secretName, secret, change: 'moved' };
  if (known?.accessKey === undefined) return { pair, secretName, secret, change: 'created' };
  return { pair, secretName, secret, change: 'lost', lostSecretName: known.secretName };
}

function isWatched({ labels }: SecretRecord): boolean {
  return labels[managedBy.label] === managedBy.value;
}

function watchedMetadata(accessKey: AccessKeyRecord, pair: KeyPairSpec): SecretPatch['metadata'] {
  return { labels: labelsOf(accessKey, pair), annotations: {} };
}

/** A pair in a Secret of another name than the wanted one. */
interface Former {
  record: SecretRecord;
  values: SecretValues;
  facts: PairFacts;
}

/**
 * The pair as it is in the Secret of its former name: the one in the cache, else the one that the status names, which
 * may have lost its labels, else any that the API server has.
 */
async function readFormer(
  scope: Scope,
  pair: KeyPairSpec,
  from: SecretRecord | undefined,
): Promise<Former | undefined> {
  const { api, accessKey } = scope;
  const name = from?.name ?? pairStatusOf(accessKey, pair.name)?.secretName;
  const live = name === undefined ? undefined : await api.read(accessKey.namespace, name);
  return (live && formerIn(scope, pair, live)) ?? findFormer(scope, pair);
}

/**
 * The cache may be behind, and the status too, when the answer to the last write was lost: then neither shows where the
 * pair is. Of the first spec there is nowhere else that it could be.
 */
async function findFormer(scope: Scope, pair: KeyPairSpec): Promise<Former | undefined> {
  const { api, accessKey } = scope;
  if (accessKey.generation === 1) return undefined;
  const all = (await api.list(accessKey)).flatMap((live) => formerIn(scope, pair, live) ?? []);
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  return all.find(({ values }) => values.pair.ak === known) ?? all[0];
}

function formerIn({ accessKey, now }: Scope, pair: KeyPairSpec, live: SecretObject): Former | undefined {
  const record = toSecretRecord(live);
  const found = findPair(live, record, pair, pairStatusOf(accessKey, pair.name)?.accessKey);
  if (!found || record.ownerUID !== accessKey.uid || record.deleting) return undefined;
  const seen = withFound(record, found);
  if (pairOf(accessKey, seen) !== pair) return undefined;
  const facts = withoutEndedPrevious(pairFacts(accessKey, pair, seen, now), now);
  return { record, values: keptValues(live, found, facts), facts };
}

/**
 * Decides about a Secret that is not of this AccessKey: one that a person has marked is taken over, one of a former
 * AccessKey of the same name goes, any other is not touched.
 */
export async function adoptReplaceOrRefuse(scope: Scope, action: Create, live: SecretObject): Promise<PairOutcome> {
  const { accessKey } = scope;
  const { pair, secretName, from } = action;
  const record = toSecretRecord(live);
  if (record.deleting) return outcomeWithProblem(pair, secretName, terminating(secretName), from);
  const predecessor = predecessorOf(accessKey, live);
  if (predecessor && !isMarked(accessKey, pair, live)) {
    await removeSecret(scope, record);
    return createSecret(scope, action);
  }
  const verdict = judgeAdoption(accessKey, pair, withoutOwner(live, predecessor));
  if ('adopt' in verdict) return adopt(scope, action, verdict.adopt, withoutOwner(live, predecessor));
  return outcomeWithProblem(pair, secretName, { reason: 'SecretConflict', message: verdict.refuse }, from);
}

/**
 * uid of an AccessKey that had this one's name before and controls the Secret. The garbage collector is to delete that,
 * but does not always: when it misses the deletion of the owner and next sees the new object, it takes that for a change
 * of the old one. That the owner is gone is certain: apply has confirmed that the name is this AccessKey's.
 */
function predecessorOf({ name, uid }: AccessKeyRecord, live: SecretObject): string | undefined {
  const { ownerUID } = toSecretRecord(live);
  const owner = live.metadata?.ownerReferences?.find((one) => one.uid === ownerUID);
  return ownerUID !== uid && owner?.name === name ? ownerUID : undefined;
}

function withoutOwner(live: SecretObject, uid: string | undefined): SecretObject {
  const ownerReferences = live.metadata?.ownerReferences?.filter((one) => one.uid !== uid);
  return { ...live, metadata: { ...live.metadata, ...(ownerReferences && { ownerReferences }) } };
}

/** The mark goes with the adoption: it was meant for this AccessKey, and not for a later one of its name. */
async function adopt(
  { api, accessKey, now }: Scope,
  { pair, secretName }: Create,
  record: SecretRecord,
  live: SecretObject,
): Promise<PairOutcome> {
  const facts = { revision: pair.revision ?? 1, generatedAt: now, previousValidUntil: undefined };
  // Compared with the Secret as it is, not with the record, which already has the notes that it is to get.
  const metadata = metadataPatch(toSecretRecord(live), desiredMetadata(accessKey, pair, facts));
  const annotations = { ...metadata?.annotations, [notes.adopt]: null };
  const ownerReferences = [...(live.metadata?.ownerReferences ?? []), ownerReferenceTo(accessKey)] as OwnerReference[];
  const secret = await api.patch(record, {
    metadata: { labels: metadata?.labels ?? {}, annotations },
    ownerReferences,
  });
  return { pair, secretName, secret, change: 'adopted' };
}
