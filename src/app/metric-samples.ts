/** What the metrics of AccessKeys and key pairs are read from at each scrape. */
import { conditionOf, lastUseOf } from '../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import { liveStates } from '../accesskey/model/pair-state.ts';
import { parseTime } from '../accesskey/model/time.ts';
import type { CountedAccessKey } from '../metrics/collectors.ts';
import type { MeasuredPair } from '../metrics/key-pairs.ts';

/** State and compliance of each AccessKey, with the states of its key pairs. */
export function* accessKeySamples({ accessKeys }: AccessKeyCaches): Generator<CountedAccessKey> {
  for (const accessKey of accessKeys.values()) {
    const ready = conditionOf(accessKey, 'Ready')?.status ?? 'Unknown';
    const isCompliant = conditionOf(accessKey, 'NotCompliant') === undefined;
    yield { ready, isCompliant, pairs: (accessKey.status.keyPairs ?? []).map((pair) => pair.state) };
  }
}

/**
 * The key pairs that can get tokens.
 *
 * @param now milliseconds since the epoch
 */
export function* livePairs({ accessKeys }: AccessKeyCaches, now: number): Generator<MeasuredPair> {
  for (const { namespace, name, status } of accessKeys.values()) {
    for (const pair of status.keyPairs ?? []) {
      if (!liveStates.has(pair.state)) continue;
      yield {
        namespace,
        accesskey: name,
        pair: pair.name,
        expiresAt: parseTime(pair.expiresAt) ?? Number.POSITIVE_INFINITY,
        createdAt: parseTime(pair.createdAt),
        lastUsedAt: parseTime(lastUseOf(pair, now)),
      };
    }
  }
}
