import type { Logger } from 'pino';
import { describeError } from '../../kube/errors.ts';
import type { Store } from '../../kube/store.ts';
import type { KeyFacts } from './facts.ts';
import { parseKeys, SigningKeyError } from './format.ts';
import { removeRevoked } from './revocations.ts';
import { parseSigningKeys, type SigningKeys } from './signing-keys.ts';
import { dataKey, type KeySecretRecord } from './store.ts';

/** The last valid signing keys of the Secret, in memory. */
export interface KeyCache {
  /** undefined until valid keys were loaded, and while every key that could sign is revoked. */
  current(): SigningKeys | undefined;
  /** The stored form of `current`, with private keys; undefined if `current` is. */
  content(): string | undefined;
  /** Metadata of the keys, for metrics. */
  facts(): readonly KeyFacts[];
  /** Whether the Secret is invalid or deleted, so that the cached keys may be outdated. */
  isBroken(): boolean;
  /**
   * Resolves when the Secret is valid for the first time. `current` may still be undefined if every key that could sign is
   * revoked: the leader, which also waits for this, then creates new keys.
   */
  readonly loaded: Promise<void>;
}

export interface KeyCacheOptions {
  /** Watch cache of the Secret. */
  store: Pick<Store<KeySecretRecord>, 'get' | 'subscribe'>;
  /** namespace/name of the Secret. */
  key: string;
  /** Kids of revoked keys, see `collectRevocations`. */
  revoked: ReadonlySet<string>;
  log: Logger;
}

/**
 * Follows the Secret and caches each valid key set, without revoked keys. While the Secret is invalid or deleted, the last
 * valid keys stay in use; an invalid Secret can still request a revocation.
 */
export function createKeyCache({ store, key, revoked, log }: KeyCacheOptions): KeyCache {
  const loaded = Promise.withResolvers<void>();
  let keys: SigningKeys | undefined;
  let content: string | undefined;
  let facts: readonly KeyFacts[] = [];
  let broken = false;
  /** Changes are processed one after the other, so that the latest one wins. */
  let processing = Promise.resolve();

  async function update(): Promise<void> {
    const record = store.get(key);
    if (!record) {
      await revokeCached();
      return onDeleted();
    }
    try {
      await load(record);
      if (broken) log.info({ secret: key }, 'the signing-key Secret is valid again');
      broken = false;
    } catch (error) {
      broken = true;
      await revokeCached();
      const reason = error instanceof SigningKeyError ? `${dataKey}: ${error.message}` : describeError(error);
      const outcome = keys ? 'using the last valid keys' : 'no valid keys are cached';
      log.error({ secret: key, reason }, `the signing-key Secret is invalid, ${outcome}`);
    }
  }

  async function load(record: KeySecretRecord): Promise<void> {
    const text = removeRevoked(record.content, revoked);
    if (text !== undefined) {
      if (text !== content) await use(text);
    } else {
      // The leader replaces only a valid set, so an invalid one must be reported here.
      await parseSigningKeys(record.content);
      useNone();
    }
    reportForgotten(record);
    loaded.resolve();
  }

  /** Reports revoked keys that a replica would use if it started now. */
  function reportForgotten({ content: stored, requests }: KeySecretRecord): void {
    const isForgotten = (kid: string) => revoked.has(kid) && !requests.revoke.includes(kid);
    const kids = parseKeys(stored).flatMap(({ kid }) => (isForgotten(kid) ? [kid] : []));
    if (kids.length === 0) return;
    log.warn({ secret: key, kids }, 'the Secret still contains revoked keys, list them in the annotation again');
  }

  /** Removes revoked keys while the Secret has no valid set, so that the leader never restores them. */
  async function revokeCached(): Promise<void> {
    if (content === undefined) return;
    const text = removeRevoked(content, revoked);
    if (text === undefined) useNone();
    else if (text !== content) await use(text);
  }

  async function use(text: string): Promise<void> {
    const parsed = await parseSigningKeys(text);
    keys = parsed;
    content = text;
    facts = parseKeys(text).map(({ jwk: _, ...rest }) => rest);
    log.info({ secret: key, active: parsed.active.kid, keys: facts.length }, 'signing keys loaded');
  }

  function useNone(): void {
    keys = undefined;
    content = undefined;
    facts = [];
    log.error({ secret: key }, 'every key that could sign is revoked, waiting for the leader to create new keys');
  }

  function onDeleted(): void {
    if (!keys) log.error({ secret: key }, 'the invalid signing-key Secret was deleted, restart to create new keys');
    else if (!broken) log.warn({ secret: key }, 'the signing-key Secret was deleted, using the last valid keys');
    broken = true;
  }

  store.subscribe((change) => {
    if (change.key === key) processing = processing.then(update);
  });
  return {
    current: () => keys,
    content: () => content,
    facts: () => facts,
    isBroken: () => broken,
    loaded: loaded.promise,
  };
}
