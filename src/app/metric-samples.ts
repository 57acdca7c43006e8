/** What the metrics of AccessKeys and key pairs are read from at each scrape. */
import { lastUseOf } from '../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import { liveStates } from '../accesskey/model/pair-state.ts';
import { parseTime } from '../accesskey/model/time.ts';
import type { CountedAccessKey } from '../metrics/collectors.ts';
import type { MeasuredPair } from '../metrics/key-pairs.ts';

/** State and compliance of each AccessKey, with the states of its key pairs. */
export function* accessKeySamples({ accessKeys }: AccessKeyCaches): Generator<CountedAccessKey> {
  for (const { status } of accessKeys.values()) {
    const ready = status.conditions?.find((one) => one.type === 'Ready')?.status ?? 'Unknown';
    const isCompliant = !status.conditions?.some((one) => one.type === 'NotCompliant');
    yield { ready, isCompliant, pairs: (status.keyPairs ?? []).map((pair) => pair.state) };
  }
}

/** The key pairs that can get tokens. */
export function* usablePairs({ accessKeys }: AccessKeyCaches): Generator<MeasuredPair> {
  for (const { namespace, name, status } of accessKeys.values()) {
    for (const pair of status.keyPairs ?? []) {
      if (!liveStates.has(pair.state)) continue;
      yield {
        namespace,
        accesskey: name,
        pair: pair.name,
        expiresAt: parseTime(pair.expiresAt) ?? Number.POSITIVE_INFINITY,
        createdAt: parseTime(pair.createdAt),
        lastUsedAt: parseTime(lastUseOf(pair)),
      };
    }
  }
}
