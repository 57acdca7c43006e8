/** Whether the controller has created a key pair that was requested. Pure. */
import { type AccessKeyRecord, type KeyPairStatus, pairStatusOf } from './access-key-record.ts';

export interface RequestedPair {
  /** Detects an AccessKey that was recreated with the same name. */
  uid: string;
  pairName: string;
  /** metadata.generation after the change that requested the pair. */
  generation: number;
  /** The lowest revision that the pair may have; default: any. */
  revision?: number;
}

/**
 * @param record the AccessKey; undefined if there is none
 * @returns the status of the pair once it has been created; before that `waiting`, `conflict` if the pair is in conflict,
 * or `gone` if the AccessKey is
 */
export function createdPair(
  record: AccessKeyRecord | undefined,
  { uid, pairName, generation, revision = 0 }: RequestedPair,
): 'gone' | 'waiting' | 'conflict' | (KeyPairStatus & { accessKey: string }) {
  if (record?.uid !== uid) return 'gone';
  // An older record can show a deleted pair with the same name.
  if (record.generation < generation) return 'waiting';
  const status = pairStatusOf(record, pairName);
  if (status?.state === 'Conflict') return 'conflict';
  if (status?.accessKey === undefined || (status.revision ?? 0) < revision) return 'waiting';
  return { ...status, accessKey: status.accessKey };
}
