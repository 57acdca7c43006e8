import { isAhead } from '../../kube/time.ts';
import { lastUseOf } from '../model/access-key-record.ts';
import { liveStates } from '../model/pair-state.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';

/**
 * The columns of `kubectl get`.
 *
 * @param now milliseconds since the epoch; a last use that is ahead of it is ignored
 */
export function summaryOf(
  { keyPairs = [], serviceAccounts = [] }: Pick<AccessKeyStatus, 'keyPairs' | 'serviceAccounts'>,
  now: number,
): NonNullable<AccessKeyStatus['summary']> {
  const usable = keyPairs.filter(({ state }) => liveStates.has(state));
  const nextExpiry = sortedTimes(usable.map(({ expiresAt }) => expiresAt))[0];
  const used = [...keyPairs.map((pair) => lastUseOf(pair, now)), ...serviceAccounts.map((one) => one.lastUsedTime)];
  const lastUsedTime = sortedTimes(used).findLast((time) => !isAhead(Date.parse(time), now));
  return {
    usable: `${usable.length}/${keyPairs.length}`,
    ...(nextExpiry !== undefined && { nextExpiry }),
    ...(lastUsedTime !== undefined && { lastUsedTime }),
    names: keyPairs.map(({ name }) => name).join(','),
    accessKeys: keyPairs.flatMap(({ accessKey }) => accessKey ?? []).join(','),
  };
}

/** @param times RFC 3339, in any time zone */
function sortedTimes(times: readonly (string | undefined)[]): string[] {
  return times.filter((time) => time !== undefined).sort((a, b) => Date.parse(a) - Date.parse(b));
}
