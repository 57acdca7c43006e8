/** Decides how to continue with a `create` if the API server already has a Secret of that name. Pure. */

import type { FetchedSecret } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, isFormerSecret } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-of.ts';
import { isSuperseded } from '../model/superseded.ts';
import type { PairAction, Placement, ResolvedAction } from './actions.ts';
import { isMarked, judgeAdoption, predecessorOf } from './adoption.ts';
import { planSecret } from './plan.ts';

/**
 * Resolves a `create` with the current Secret of the desired name. The cache may be stale, or the name may be taken by
 * a Secret of another type, which is not watched.
 *
 * @param fetched undefined if the API server has no such Secret
 * @param now milliseconds since the epoch
 */
export function resolve({
  accessKey,
  action,
  fetched,
  now,
}: {
  accessKey: AccessKeyRecord;
  action: Placement;
  fetched: FetchedSecret | undefined;
  now: number;
}): PairAction | ResolvedAction {
  if (!fetched) return action;
  const { pair } = action;
  const { record } = fetched;
  if (record.deleting) return { ...action, kind: 'wait' };
  if (record.ownerUID !== accessKey.uid) return resolveForeign(accessKey, action, fetched);
  const pairOfRecord = pairOf(accessKey, record);
  if (pairOfRecord?.name === pair.name) {
    const found = { accessKey, pair, secret: record };
    const secrets = action.from ? [action.from] : [];
    // Once the cache shows a superseded Secret, the plan deletes it.
    if (isSuperseded(found, secrets)) return { ...action, kind: 'wait' };
    return planSecret({ ...found, secrets, now });
  }
  if (pairOfRecord) return { ...action, kind: 'conflict' };
  // The Secret belongs to a removed pair and has the name that this pair needs. (If it is cached, plan.ts decides to wait,
  // and removeSecrets deletes it.)
  return { ...action, kind: 'replace', secret: record };
}

/** Adopts a Secret that a person has marked, replaces one of a former AccessKey of the same name, rejects any other. */
function resolveForeign(
  accessKey: AccessKeyRecord,
  action: Placement,
  fetched: FetchedSecret,
): PairAction | ResolvedAction {
  const { pair } = action;
  if (predecessorOf(accessKey, fetched) !== undefined && !isMarked(accessKey, pair, fetched)) {
    return { ...action, kind: 'replace', secret: fetched.record };
  }
  const verdict = judgeAdoption(accessKey, pair, fetched);
  if ('reject' in verdict) return { ...action, kind: 'reject', message: verdict.reject };
  // The status of this reconcile will not have it any more, so the next one adopts it.
  if (isFormerSecret(accessKey, fetched.record)) return { ...action, kind: 'wait' };
  return { ...action, kind: 'adopt', fetched };
}
