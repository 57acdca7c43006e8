/** Protects what a service uses from being disabled or deleted by mistake, as the console does; pure. */
import {
  type AccessKeyRecord,
  isInUse,
  type KeyPairStatus,
  lastUseOf,
  pairStatusOf,
} from '../../accesskey/model/access-key-record.ts';
import { parseTime } from '../../accesskey/model/time.ts';
import { CliError } from '../common/failure.ts';
import { relativeTime } from '../common/human-time.ts';

/**
 * @param now milliseconds since the epoch
 * @throws CliError if one of the key pairs was used within the last hour
 */
export function requireUnused(accessKey: AccessKeyRecord, pairs: readonly string[], now: number): void {
  for (const pair of pairs) {
    const status = pairStatusOf(accessKey, pair);
    if (!status) continue;
    requireOld(`key pair ${accessKey.name}/${pair}`, status, now, {
      hint: 'rotate it with an overlap instead, or add --in-use if the service that uses it may fail',
    });
  }
}

/**
 * A further rotation ends the overlap of the last one.
 *
 * @param now milliseconds since the epoch
 * @throws CliError if the previous pair of a key pair is still valid and was used within the last hour
 */
export function requireUnusedPrevious(accessKey: AccessKeyRecord, pair: string, now: number): void {
  const { previous } = pairStatusOf(accessKey, pair) ?? {};
  if (!previous || (parseTime(previous.validUntil) ?? 0) <= now) return;
  requireOld(`the previous key pair of ${accessKey.name}/${pair}`, previous, now, {
    hint: `it stays valid until ${previous.validUntil}; wait, or add --in-use to end it now`,
  });
}

/**
 * @param now milliseconds since the epoch
 * @throws CliError if a key pair or a ServiceAccount of the AccessKey was used within the last hour
 */
export function requireUnusedObject(accessKey: AccessKeyRecord, now: number): void {
  const { name, spec, status } = accessKey;
  const pairs = (spec.keyPairs ?? []).map((pair) => pair.name);
  requireUnused(accessKey, pairs, now);
  for (const account of status.serviceAccounts ?? []) {
    requireOld(`ServiceAccount ${account.name} of AccessKey ${name}`, account, now, {
      hint: 'add --in-use if the workloads of the ServiceAccount may fail',
    });
  }
}

type Use = Pick<KeyPairStatus, 'lastUsedTime' | 'previous' | 'lastClientAddress'>;

function requireOld(title: string, use: Use, now: number, options: { hint: string }): void {
  if (!isInUse(use, now)) return;
  const time = lastUseOf(use, now);
  const from = use.lastClientAddress === undefined ? '' : ` from ${use.lastClientAddress}`;
  // The clocks may differ, and the time of the API server has whole seconds: a use is never shown as in the future.
  const when = relativeTime(time, Math.max(now, parseTime(time) ?? now), '');
  throw new CliError(`${title} is in use: it was used ${when}${from}`, options);
}
