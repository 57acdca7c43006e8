/** Timestamps of each key pair, computed from the cache at each scrape. Opt-in, because the labels contain names. */
import { Gauge, type Registry } from 'prom-client';

/** A key pair that can get tokens. Times are milliseconds since the epoch. */
export interface MeasuredPair {
  namespace: string;
  /** Name of the AccessKey. */
  accesskey: string;
  /** Name of the key pair. */
  pair: string;
  /** Infinity if the pair does not expire. */
  expiresAt: number;
  createdAt: number | undefined;
  lastUsedAt: number | undefined;
}

/** Most pairs that are reported, so that the size of a scrape is bounded. */
const maxPairs = 20_000;

const labelNames = ['namespace', 'accesskey', 'pair'] as const;

export function collectKeyPairs(register: Registry, pairs: () => Iterable<MeasuredPair>, max = maxPairs): void {
  const of = (name: string, help: string, time: (pair: MeasuredPair) => number | undefined) =>
    new Gauge({
      registers: [register],
      labelNames,
      name: `accesskey_key_pair_${name}_timestamp_seconds`,
      help: `${help}, seconds since the epoch; only with metrics.perPair`,
      collect() {
        this.reset();
        for (const pair of first(pairs(), max)) {
          const at = time(pair);
          const { namespace, accesskey, pair: name } = pair;
          if (at !== undefined) this.set({ namespace, accesskey, pair: name }, at / 1000);
        }
      },
    });
  of('expiration', 'When a key pair that can get tokens expires (+Inf: never)', ({ expiresAt }) => expiresAt);
  of('created', 'When a key pair that can get tokens was created or last rotated', ({ createdAt }) => createdAt);
  of(
    'last_use',
    'When a key pair that can get tokens, or a token of it, was last used',
    ({ lastUsedAt }) => lastUsedAt,
  );
  new Gauge({
    registers: [register],
    name: 'accesskey_key_pairs_not_reported',
    help: `Key pairs beyond the first ${max.toLocaleString('en')}, which have no timestamps; only with metrics.perPair`,
    collect() {
      this.set(Math.max(0, [...pairs()].length - max));
    },
  });
}

function* first<T>(items: Iterable<T>, max: number): Iterable<T> {
  let count = 0;
  for (const item of items) {
    if (count === max) return;
    count += 1;
    yield item;
  }
}
