import { isInUse } from '../../accesskey/change/edit-pairs.ts';
import { type AccessKeyRecord, lastUseOf, pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { CliError } from '../common/failure.ts';
import { relativeTime } from '../common/human-time.ts';

/**
 * Protects a key pair that a service uses from being disabled or deleted by mistake, as the console does.
 *
 * @param now milliseconds since the epoch
 * @throws CliError if one of the pairs was used within the last hour
 */
export function requireUnused(accessKey: AccessKeyRecord, pairs: readonly string[], now: number): void {
  for (const pair of pairs) {
    const status = pairStatusOf(accessKey, pair);
    if (!status || !isInUse(status, now)) continue;
    const address = status.lastClientAddress === undefined ? '' : ` from ${status.lastClientAddress}`;
    const when = relativeTime(lastUseOf(status, now), now, '');
    throw new CliError(`key pair ${accessKey.name}/${pair} is in use: it was used ${when}${address}`, {
      hint: 'rotate it with an overlap instead, or add --in-use if the service that uses it may fail',
    });
  }
}
