import { waitForCaches } from '../../accesskey/live/wait-for-caches.ts';
import { dataKeysOf, pairSpecOf, stalledConditionOf } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { createdPair } from '../../accesskey/model/created-pair.ts';
import type { DataKeys } from '../../credential/secret-format.ts';

/** A pair that the controller is expected to create, with this revision or a later one. */
export interface ExpectedPair {
  namespace: string;
  accessKey: string;
  /** Detects an AccessKey that was recreated with the same name. */
  uid: string;
  pair: string;
  revision: number;
  /**
   * metadata.generation after the change that requested the pair. A cached AccessKey with an older one does not show
   * it.
   */
  generation: number;
}

/** A pair that the controller has created. */
export interface CreatedPair {
  ak: string;
  secretName: string;
  /** The keys of the pair in the data of the Secret. */
  keys: DataKeys;
}

/** @returns the pair if the cached status says that it has been created */
function findCreated({ accessKeys }: AccessKeyCaches, expected: ExpectedPair): CreatedPair | undefined {
  const record = accessKeys.get(`${expected.namespace}/${expected.accessKey}`);
  const pair = record && pairSpecOf(record, expected.pair);
  const status = createdPair(record, { ...expected, pairName: expected.pair });
  if (!pair || typeof status === 'string') return undefined;
  return { ak: status.accessKey, secretName: status.secretName, keys: dataKeysOf(pair) };
}

/** Why a pair has not been created: it has been deleted, or the operator reports a problem. */
export type Delay = { kind: 'deleted' } | { kind: 'stalled'; message: string };

/**
 * @returns why the cache does not have the pair yet, or undefined if the operator has not reported a problem, or the
 * cache does not show the change yet
 */
export function findDelay({ accessKeys }: AccessKeyCaches, expected: ExpectedPair): Delay | undefined {
  const record = accessKeys.get(`${expected.namespace}/${expected.accessKey}`);
  if (!record) return undefined;
  if (record.uid !== expected.uid || record.deleting) return { kind: 'deleted' };
  if (record.generation < expected.generation) return undefined;
  if (!pairSpecOf(record, expected.pair)) return { kind: 'deleted' };
  const stalled = stalledConditionOf(record);
  return stalled && { kind: 'stalled', message: stalled.message };
}

/**
 * Waits until the controller has created a pair.
 *
 * @returns the pair, or undefined after the timeout
 */
export function awaitPair(
  caches: AccessKeyCaches,
  expected: ExpectedPair,
  timeoutMs: number,
): Promise<CreatedPair | undefined> {
  return waitForCaches([caches.accessKeys], timeoutMs, () => findCreated(caches, expected));
}
