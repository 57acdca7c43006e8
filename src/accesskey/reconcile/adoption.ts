/** Takes over a Secret that does not belong to the AccessKey. Pure. */
import { annotations, secretType } from '../../credential/secret-format.ts';
import { type LiveSecret, type SecretRecord, withDataKeys } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec } from '../model/access-key-record.ts';
import { desiredMetadata, metadataPatch, ownerReferenceTo, type SecretPatch } from './desired-secret.ts';

/** The record of the Secret once it is adopted, or why it cannot be, as a message for people. */
export type AdoptionVerdict = { adopt: SecretRecord } | { refuse: string };

/**
 * Decides about a Secret that has the name of a pair but does not belong to its AccessKey. It is adopted, with its pair,
 * only if its annotation `ghippo.io/adopt` names this AccessKey and pair, nothing else controls it, and its data is a
 * valid pair.
 */
export function judgeAdoption(accessKey: AccessKeyRecord, pair: KeyPairSpec, live: LiveSecret): AdoptionVerdict {
  const { name } = live.record;
  if (!isMarked(accessKey, pair, live)) {
    const how = `rename or delete it, or add the annotation ${annotations.adopt}=${markOf(accessKey, pair)} to adopt it`;
    return { refuse: `Secret ${name} exists and does not belong to this AccessKey: ${how}` };
  }
  const isControlled = live.record.controlled && predecessorOf(accessKey, live) === undefined;
  const record = {
    ...withDataKeys(live.record, live.raw.data ?? {}, dataKeysOf(pair)),
    controlled: isControlled,
  };
  const problem = problemOf(record) ?? copyProblem(accessKey, pair, record);
  return problem === undefined ? { adopt: record } : { refuse: `Secret ${name} cannot be adopted: ${problem}` };
}

/** Whether a person has marked the Secret for adoption by this pair. */
export function isMarked(accessKey: AccessKeyRecord, pair: KeyPairSpec, { record }: LiveSecret): boolean {
  return record.annotations[annotations.adopt] === markOf(accessKey, pair);
}

/**
 * The uid of an AccessKey that had the same name before and controls the Secret, undefined if there is none. The garbage
 * collector should delete such a Secret but may not: if it misses the deletion of the owner and next sees the new object,
 * it treats that as an update of the old one. The former owner is certainly gone, because apply has confirmed that the
 * name now belongs to this AccessKey.
 */
export function predecessorOf({ name, uid }: AccessKeyRecord, { raw, record }: LiveSecret): string | undefined {
  const { ownerUID } = record;
  const owner = raw.metadata?.ownerReferences?.find((one) => one.uid === ownerUID);
  return ownerUID !== uid && owner?.name === name ? ownerUID : undefined;
}

/** The patch also removes the mark, which is meant for this AccessKey only and not for a later one of the same name. */
export function adoptionPatch({
  accessKey,
  pair,
  live,
  now,
}: {
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
  live: LiveSecret;
  now: number;
}): Omit<SecretPatch, 'data'> {
  const facts = { revision: pair.revision ?? 1, generatedAt: now, previousValidUntil: undefined };
  const metadata = metadataPatch(live.record, desiredMetadata(accessKey, pair, facts));
  const predecessor = predecessorOf(accessKey, live);
  const others = live.raw.metadata?.ownerReferences?.filter((one) => one.uid !== predecessor) ?? [];
  return {
    metadata: {
      labels: metadata?.labels ?? {},
      annotations: { ...metadata?.annotations, [annotations.adopt]: null },
    },
    ownerReferences: [...others, ownerReferenceTo(accessKey)],
  };
}

function markOf({ name }: AccessKeyRecord, pair: KeyPairSpec): string {
  return `${name}/${pair.name}`;
}

function problemOf({ type, controlled, deleting, malformed, pair }: SecretRecord): string | undefined {
  if (type !== secretType) return `its type must be ${secretType}`;
  if (controlled) return 'another object controls it';
  if (deleting) return 'it is being deleted';
  if (malformed.length > 0) return `${malformed.join(' and ')} must be a UUID in lower case`;
  return pair ? undefined : 'its ak and sk must differ';
}

/** Pairs are identified by their ak, so a copy of another pair of the AccessKey would be mistaken for that pair. */
function copyProblem({ status }: AccessKeyRecord, pair: KeyPairSpec, record: SecretRecord): string | undefined {
  const other = status.keyPairs?.find((one) => one.name !== pair.name && one.accessKey === record.pair?.ak);
  return other && `its ak is already the ak of key pair ${other.name}`;
}
