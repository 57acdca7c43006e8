import {
  annotations,
  type SecretObject,
  type SecretRecord,
  secretType,
  toSecretRecord,
} from '../../credential/secret-record.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec } from '../model/access-key-record.ts';

/** Whether a Secret that is not ours becomes ours: yes, or why it does not, in words for a person. */
export type AdoptionVerdict = { adopt: SecretRecord } | { refuse: string };

/**
 * Decides about a Secret that has the name of a pair but is not of its AccessKey. It is taken over, its pair kept, only
 * when its annotation `ghippo.io/adopt` names this AccessKey and pair, nothing controls it and its data is a pair.
 */
export function judgeAdoption(accessKey: AccessKeyRecord, pair: KeyPairSpec, live: SecretObject): AdoptionVerdict {
  const name = live.metadata?.name ?? '';
  if (!isMarked(accessKey, pair, live)) {
    const how = `rename or delete it, or let it be adopted by the annotation ${annotations.adopt}=${markOf(accessKey, pair)}`;
    return { refuse: `Secret ${name} exists and is not of this AccessKey: ${how}` };
  }
  const keys = dataKeysOf(pair);
  const notes = { ...live.metadata?.annotations, [annotations.akKey]: keys.ak, [annotations.skKey]: keys.sk };
  const record = toSecretRecord({ ...live, metadata: { ...live.metadata, annotations: notes } });
  const problem = problemOf(record) ?? copyProblem(accessKey, pair, record);
  return problem === undefined ? { adopt: record } : { refuse: `Secret ${name} cannot be adopted: ${problem}` };
}

/** Whether a person has marked the Secret for this pair of this AccessKey. */
export function isMarked(accessKey: AccessKeyRecord, pair: KeyPairSpec, { metadata }: SecretObject): boolean {
  return metadata?.annotations?.[annotations.adopt] === markOf(accessKey, pair);
}

function markOf({ name }: AccessKeyRecord, pair: KeyPairSpec): string {
  return `${name}/${pair.name}`;
}

function problemOf({ type, controlled, deleting, malformed, pair }: SecretRecord): string | undefined {
  if (type !== secretType) return `its type must be ${secretType}`;
  if (controlled) return 'something else controls it';
  if (deleting) return 'it is being deleted';
  if (malformed.length > 0) return `${malformed.join(' and ')} must be a UUID in lower case`;
  return pair ? undefined : 'its ak and sk must differ';
}

/** A copy of another pair of this AccessKey would be taken for that one, which is known by its ak. */
function copyProblem({ status }: AccessKeyRecord, pair: KeyPairSpec, record: SecretRecord): string | undefined {
  const other = status.keyPairs?.find((one) => one.name !== pair.name && one.accessKey === record.pair?.ak);
  return other && `its ak is that of key pair ${other.name}`;
}
