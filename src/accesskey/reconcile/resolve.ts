/** Decides how to continue with a `create` if the API server already has a Secret of that name. Pure. */

import type { LiveSecret } from '../../credential/secret-record.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';
import type { LiveAction, Move, PairAction } from './actions.ts';
import { isMarked, judgeAdoption, predecessorOf } from './adoption.ts';
import { planSecret } from './plan.ts';

/**
 * Resolves a `create` with the current Secret of the desired name. The cache may be stale, or the name may be taken by
 * a Secret of another type, which is not watched.
 *
 * @param live undefined if the API server has no such Secret
 * @param now milliseconds since the epoch
 */
export function resolve({
  accessKey,
  action,
  live,
  now,
}: {
  accessKey: AccessKeyRecord;
  action: Move;
  live: LiveSecret | undefined;
  now: number;
}): PairAction | LiveAction {
  if (!live) return action;
  const { pair } = action;
  const { record } = live;
  if (record.deleting) return { ...action, kind: 'wait' };
  if (record.ownerUID !== accessKey.uid) return resolveForeign(accessKey, action, live);
  const holder = pairOf(accessKey, record);
  if (holder === pair) return planSecret({ accessKey, pair, secret: record, now });
  if (holder) return { ...action, kind: 'conflict' };
  // The Secret belongs to a removed pair and has the name that this pair needs.
  return { ...action, kind: 'replace', secret: record };
}

/** Adopts a Secret that a person has marked, replaces one of a former AccessKey of the same name, refuses any other. */
function resolveForeign(accessKey: AccessKeyRecord, action: Move, live: LiveSecret): LiveAction {
  const { pair } = action;
  if (predecessorOf(accessKey, live) !== undefined && !isMarked(accessKey, pair, live)) {
    return { ...action, kind: 'replace', secret: live.record };
  }
  const verdict = judgeAdoption(accessKey, pair, live);
  if ('refuse' in verdict) return { ...action, kind: 'refuse', message: verdict.refuse };
  return { ...action, kind: 'adopt', live };
}
