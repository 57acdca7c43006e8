import { lastUseOf } from '../model/access-key-record.ts';
import { liveStates } from '../model/pair-state.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';

/** The columns of `kubectl get`. */
export function summaryOf({
  keyPairs = [],
  serviceAccounts = [],
}: Pick<AccessKeyStatus, 'keyPairs' | 'serviceAccounts'>): NonNullable<AccessKeyStatus['summary']> {
  const usable = keyPairs.filter(({ state }) => liveStates.has(state));
  const nextExpiry = sortedTimes(usable.map(({ expiresAt }) => expiresAt))[0];
  const used = [...keyPairs.map(lastUseOf), ...serviceAccounts.map((one) => one.lastUsedTime)];
  const lastUsedTime = sortedTimes(used).at(-1);
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
