/** Takes over a Secret that does not belong to the AccessKey. Pure. */
import { annotations, keyPairLabel } from '../../credential/secret-format.ts';
import { type FetchedSecret, type SecretRecord, withDataKeys } from '../../credential/secret-record.ts';
import { durationMs } from '../../kube/duration.ts';
import { clusterLabel, type SecretType, secretTypes } from '../../kube/own-names.ts';
import { printableName } from '../../kube/printable.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec, kind } from '../model/access-key-record.ts';
import { newRevision, type PairAtTime, type PairFacts, pairFacts, withoutEndedPrevious } from '../model/pair-facts.ts';
import { parseTime } from '../model/time.ts';
import { desiredMetadata, metadataPatch, ownerReferenceTo, type SecretPatch } from './desired-secret.ts';

/** The record of the Secret once it is adopted, or why it cannot be, as a message for people. */
export type AdoptionVerdict = { adopt: SecretRecord } | { reject: string };

/**
 * Decides about a Secret that has the name of a pair but does not belong to its AccessKey. It is adopted, with its
 * pair, only if its annotation `ghippo.io/adopt` names this AccessKey and pair, nothing else controls it, and its data
 * is a valid pair.
 */
export function judgeAdoption(accessKey: AccessKeyRecord, pair: KeyPairSpec, fetched: FetchedSecret): AdoptionVerdict {
  const { name } = fetched.record;
  if (!isMarked(accessKey, pair, fetched)) {
    const use = useOf(accessKey, fetched);
    const advice = use === undefined ? freeAdvice(accessKey, pair) : `: it ${use}; set another secret.name`;
    return { reject: `Secret ${name} exists and does not belong to this AccessKey${advice}` };
  }
  // A predecessor no longer exists, so its controller reference does not count.
  const isControlled = fetched.record.controlled && predecessorOf(accessKey, fetched) === undefined;
  const record = { ...recordFor(pair, fetched), controlled: isControlled };
  const problem = problemOf(record, controllerOf(fetched)) ?? copyProblem(accessKey, pair, record);
  return problem === undefined ? { adopt: record } : { reject: `Secret ${name} cannot be adopted: ${problem}` };
}

/**
 * Whether an administrator has marked the Secret for adoption by this pair. manifests/base/secret-policy.yaml limits who
 * can write the mark. Nothing else makes a Secret that existed before the AccessKey one of its key pairs: labels and the
 * reference to a former owner do not.
 */
export function isMarked(accessKey: AccessKeyRecord, pair: KeyPairSpec, { record }: FetchedSecret): boolean {
  return record.annotations[annotations.adopt] === markOf(accessKey, pair);
}

/**
 * The uid of an AccessKey that had the same name before and controls the Secret, undefined if there is none. The
 * garbage collector normally deletes such a Secret, but not if it misses that the former AccessKey was deleted, and takes
 * the new AccessKey for an update of the former. The former one is certainly gone, because apply has confirmed that the
 * name now belongs to this AccessKey.
 */
export function predecessorOf({ name, uid }: AccessKeyRecord, { raw, record }: FetchedSecret): string | undefined {
  const { ownerUID } = record;
  const owner = raw.metadata?.ownerReferences?.find((one) => one.uid === ownerUID);
  return ownerUID !== uid && owner?.name === name ? ownerUID : undefined;
}

/**
 * The pair keeps its age, so that an adoption does not extend its lifetime. The previous pair of an overlap stays valid as
 * recorded. The patch also removes the mark, which is meant for this AccessKey only and not for a later one of the same name.
 *
 * @returns also the facts about the pair, which has never been removed, whatever the status says about the one before
 */
export function planAdoption({
  accessKey,
  pair,
  fetched,
  now,
}: {
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
  fetched: FetchedSecret;
  now: number;
}): { facts: PairFacts; patch: Omit<SecretPatch, 'data'> } {
  const previousValidUntil = remainingOverlap({ accessKey, pair, secret: recordFor(pair, fetched), now });
  const isRotating = previousValidUntil !== undefined;
  const facts = {
    revision: newRevision(accessKey, pair),
    generatedAt: generatedAt(fetched, isRotating, now),
    previousValidUntil,
  };
  const metadata = metadataPatch(fetched.record, desiredMetadata(accessKey, pair, facts));
  // The Secret may already have a reference to this AccessKey that does not make it the controller.
  const replaced = [predecessorOf(accessKey, fetched), accessKey.uid];
  const others = fetched.raw.metadata?.ownerReferences?.filter(({ uid }) => !replaced.includes(uid)) ?? [];
  const patch = {
    metadata: {
      labels: metadata?.labels ?? {},
      annotations: { ...metadata?.annotations, [annotations.adopt]: null },
    },
    ownerReferences: [...others, ownerReferenceTo(accessKey)],
  };
  return { facts, patch };
}

/**
 * The earliest time that is known: a restored Secret is younger than its pair, and the annotation may be forged. During an
 * overlap the annotation counts, because the pair is then younger than its Secret.
 */
function generatedAt({ record }: FetchedSecret, isRotating: boolean, now: number): number {
  const recorded = parseTime(record.annotations[annotations.generatedAt]);
  const created = isRotating && recorded !== undefined ? undefined : parseTime(record.createdAt);
  return Math.min(now, ...[recorded, created].filter((time) => time !== undefined));
}

/** The record with the pair under the data keys of the spec, whatever the annotations say. */
function recordFor(pair: KeyPairSpec, { raw, record }: FetchedSecret): SecretRecord {
  return withDataKeys(record, raw.data ?? {}, dataKeysOf(pair));
}

/** @returns the recorded end of the overlap, limited by the overlap of the spec; undefined if it has ended */
function remainingOverlap(adopted: PairAtTime): number | undefined {
  const { pair, secret, now } = adopted;
  const { previousValidUntil: until } = withoutEndedPrevious(pairFacts(adopted), now);
  if (until === undefined || secret.previous?.ak === secret.pair?.ak) return undefined;
  return Math.min(until, now + durationMs(pair.rotation?.overlap));
}

function markOf({ name }: AccessKeyRecord, pair: KeyPairSpec): string {
  return `${name}/${pair.name}`;
}

function freeAdvice(accessKey: AccessKeyRecord, pair: KeyPairSpec): string {
  const mark = `${annotations.adopt}=${markOf(accessKey, pair)}`;
  return `; set another secret.name, delete the Secret, or, if you trust its key pair, add the annotation ${mark} to adopt it`;
}

/** Secrets that must never be deleted to make room for a key pair, by type. */
const uses: ReadonlyMap<string, string> = new Map(
  Object.entries({
    [secretTypes.signingKeys]: 'stores the signing keys of the operator',
    [secretTypes.webSession]: 'stores the session key of the web console',
    [secretTypes.webSignOuts]: 'stores the ended sign-ons of the web console',
  } satisfies Record<Exclude<SecretType, typeof secretTypes.accessKey>, string>),
);
/** Types of Secrets that a person has created for any purpose. */
const plainTypes: ReadonlySet<string> = new Set(['', 'Opaque', secretTypes.accessKey]);

/** @returns what uses the Secret, to follow "it"; undefined if nothing is known to use it */
function useOf({ uid }: AccessKeyRecord, fetched: FetchedSecret): string | undefined {
  const { type, labels } = fetched.record;
  const controller = controllerOf(fetched);
  // A Secret of another type that names this AccessKey as its owner is not used by anything else.
  const isOwn = fetched.raw.metadata?.ownerReferences?.some((one) => one.kind === kind && one.uid === uid) === true;
  if (controller !== undefined && !isOwn) return `belongs to ${controller}`;
  const use = uses.get(type);
  if (use !== undefined) return use;
  if (Object.hasOwn(labels, clusterLabel)) return 'registers a cluster';
  return plainTypes.has(type) ? undefined : `has the type ${printableName(type)}`;
}

/** @returns kind and name of the object that controls the Secret, with the key pair of an AccessKey */
function controllerOf({ raw, record }: FetchedSecret): string | undefined {
  const controller = raw.metadata?.ownerReferences?.find((one) => one.controller === true);
  if (!controller) return undefined;
  const owner = [controller.kind, controller.name]
    .map((one) => printableName(one ?? ''))
    .join(' ')
    .trimEnd();
  const pair = record.ownerUID === undefined ? undefined : record.labels[keyPairLabel];
  return pair === undefined ? owner : `${owner} (key pair ${pair})`;
}

function problemOf(
  { type, controlled, deleting, malformed, pair }: SecretRecord,
  controller: string | undefined,
): string | undefined {
  if (type !== secretTypes.accessKey) return `its type must be ${secretTypes.accessKey}`;
  if (controlled) return `another object controls it: ${controller}`;
  if (deleting) return 'it is being deleted';
  if (malformed.length > 1) return `the values of ${malformed.join(' and ')} must be lowercase UUIDs`;
  if (malformed.length > 0) return `the value of ${malformed[0]} must be a lowercase UUID`;
  return pair ? undefined : 'its ak and sk must differ';
}

/** Pairs are identified by their ak, so a copy of another pair of the AccessKey would be mistaken for that pair. */
function copyProblem({ status }: AccessKeyRecord, pair: KeyPairSpec, record: SecretRecord): string | undefined {
  const other = status.keyPairs?.find((one) => one.name !== pair.name && one.accessKey === record.pair?.ak);
  return other && `its ak is already the ak of key pair ${other.name}`;
}
