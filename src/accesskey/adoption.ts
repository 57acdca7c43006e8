import {
  annotations,
  type SecretObject,
  type SecretRecord,
  secretType,
  toSecretRecord,
} from '../credential/secret-record.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec } from './access-key-record.ts';

/** Whether a Secret that is not ours becomes ours: yes, or why it does not, in words for a person. */
export type AdoptionVerdict = { adopt: SecretRecord } | { refuse: string };

/**
 * Decides about a Secret that has the name of a pair but is not of its AccessKey. It is taken over, its pair kept, only
 * when its annotation `ghippo.io/adopt` names this AccessKey and pair, nothing controls it and its data is a pair.
 */
export function judgeAdoption(accessKey: AccessKeyRecord, pair: KeyPairSpec, live: SecretObject): AdoptionVerdict {
  const { name, metadata } = { name: live.metadata?.name ?? '', metadata: live.metadata ?? {} };
  const mark = `${accessKey.name}/${pair.name}`;
  if (metadata.annotations?.[annotations.adopt] !== mark) {
    const how = `rename or delete it, or let it be adopted by the annotation ${annotations.adopt}=${mark}`;
    return { refuse: `Secret ${name} exists and is not of this AccessKey: ${how}` };
  }
  const keys = dataKeysOf(pair);
  const notes = { ...metadata.annotations, [annotations.akKey]: keys.ak, [annotations.skKey]: keys.sk };
  const record = toSecretRecord({ ...live, metadata: { ...metadata, annotations: notes } });
  const problem = problemOf(record);
  return problem === undefined ? { adopt: record } : { refuse: `Secret ${name} cannot be adopted: ${problem}` };
}

function problemOf({ type, controlled, deleting, malformed }: SecretRecord): string | undefined {
  if (type !== secretType) return `its type must be ${secretType}`;
  if (controlled) return 'something else controls it';
  if (deleting) return 'it is being deleted';
  return malformed.length > 0 ? `${malformed.join(' and ')} must be a UUID in lower case` : undefined;
}
