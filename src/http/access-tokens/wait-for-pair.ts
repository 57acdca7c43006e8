/** Waits until this process shows the change of a key pair. */
import { type FoundPair, findLivePair, type PairLookup } from '../../accesskey/live/pair-lookup.ts';
import { waitForCaches } from '../../accesskey/live/wait-for-caches.ts';
import { type AccessKeyRecord, pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { createdPair } from '../../accesskey/model/created-pair.ts';

type Watched = Pick<AccessKeyCaches, 'accessKeys' | 'secrets'>;
/** A key pair after a change; `generation` is that of the change. */
type Target = Pick<AccessKeyRecord, 'key' | 'uid' | 'generation'> & { pairName: string };

/**
 * Waits until the controller has created a key pair and this process accepts it.
 *
 * @param now milliseconds since the epoch
 * @returns the key pair; undefined if the AccessKey is gone, the Secret is not available to it, or after the timeout
 */
export async function awaitCreated(
  { caches, pairs, now }: { caches: Watched; pairs: PairLookup; now: () => number },
  { key, ...requested }: Target,
  timeoutMs: number,
): Promise<FoundPair | undefined> {
  const result = await waitForCaches([caches.accessKeys, caches.secrets], timeoutMs, () => {
    const status = createdPair(caches.accessKeys.get(key), requested);
    if (status === 'waiting') return false;
    if (typeof status === 'string') return { found: undefined };
    const found = findLivePair(pairs, { ...requested, ak: status.accessKey }, now());
    return found && { found };
  });
  return result?.found;
}

/** Waits until the key pair is rejected here and its Secret is gone, or the timeout has passed. */
export async function awaitDeleted(
  caches: Watched,
  { key, uid, generation, pairName }: Target,
  timeoutMs: number,
): Promise<void> {
  await waitForCaches([caches.accessKeys], timeoutMs, () => {
    const record = caches.accessKeys.get(key);
    if (record?.uid !== uid) return true;
    return record.generation >= generation && pairStatusOf(record, pairName) === undefined;
  });
}
