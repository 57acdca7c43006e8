import type { Logger } from 'pino';
import { describeError } from '../../kube/errors.ts';
import type { Store } from '../../kube/store.ts';
import type { KeyFacts } from './facts.ts';
import { formatKeys, parseKeys, SigningKeyError } from './format.ts';
import { withoutRevoked } from './plan.ts';
import { parseSigningKeys, type SigningKeys } from './signing-keys.ts';
import { dataKey, type KeySecretRecord } from './store.ts';

/** The signing keys that this process works with: the last good ones. */
export interface KeyCache {
  /** undefined until there were good ones, and while all that could sign are revoked. */
  current(): SigningKeys | undefined;
  /** The same as they are stored, with the private halves; undefined when `current` is. */
  content(): string | undefined;
  /** What is told of the keys in metrics. */
  facts(): readonly KeyFacts[];
  /** Whether the Secret cannot be used, or is gone, so that the keys in use may not be the ones to be used. */
  isBroken(): boolean;
  /**
   * Resolves when the Secret is sound for the first time. There are keys then, unless all that could sign are revoked: the
   * leader, who waits for this too, makes others.
   */
  readonly loaded: Promise<void>;
}

export interface KeyCacheOptions {
  /** Holds the Secret, as the watch tells it. */
  store: Pick<Store<KeySecretRecord>, 'get' | 'subscribe'>;
  /** namespace/name of the Secret. */
  key: string;
  log: Logger;
}

/**
 * Follows the Secret and takes each key set that is good, without a key that is to be revoked. One that is broken is
 * refused with an error in the log, and the last good one stays in use, without a key that the broken Secret asks to
 * revoke; it stays when the Secret is gone, too.
 */
export function createKeyCache({ store, key, log }: KeyCacheOptions): KeyCache {
  const loaded = Promise.withResolvers<void>();
  let keys: SigningKeys | undefined;
  let content: string | undefined;
  let facts: readonly KeyFacts[] = [];
  let broken = false;
  /** Sets are read one after the other, so that the last one read is the last one that came. */
  let reading = Promise.resolve();

  async function take(): Promise<void> {
    const record = store.get(key);
    if (!record) return miss();
    try {
      await follow(record);
      if (broken) log.info({ secret: key }, 'the Secret with the signing keys is sound again');
      broken = false;
    } catch (error) {
      broken = true;
      await revokeHeld(record.requests.revoke);
      const reason = error instanceof SigningKeyError ? `${dataKey}: ${error.message}` : describeError(error);
      const outcome = keys ? 'the last good ones stay in use' : 'there are none to use';
      log.error({ secret: key, reason }, `the Secret with the signing keys is broken, ${outcome}`);
    }
  }

  async function follow(record: KeySecretRecord): Promise<void> {
    const text = withoutKey(record.content, record.requests.revoke);
    if (text !== undefined) {
      if (text !== content) await use(text);
    } else {
      // The leader replaces only a sound set, so that an unsound one must be told of here.
      await parseSigningKeys(record.content);
      useNone();
    }
    loaded.resolve();
  }

  /** A broken Secret still tells what to revoke: the last good keys go on without it, and are never restored with it. */
  async function revokeHeld(revoke: string | undefined): Promise<void> {
    if (content === undefined) return;
    const text = withoutKey(content, revoke);
    if (text === undefined) useNone();
    else if (text !== content) await use(text);
  }

  async function use(text: string): Promise<void> {
    const read = await parseSigningKeys(text);
    keys = read;
    content = text;
    facts = parseKeys(text).map(({ jwk: _, ...rest }) => rest);
    log.info({ secret: key, active: read.active.kid, keys: facts.length }, 'signing keys in use');
  }

  function useNone(): void {
    keys = undefined;
    content = undefined;
    facts = [];
    log.error({ secret: key }, 'the only key that could sign is revoked; there is none until the leader makes others');
  }

  function miss(): void {
    if (!keys) log.error({ secret: key }, 'the broken Secret with the signing keys is gone; a restart makes new keys');
    else if (!broken)
      log.warn({ secret: key }, 'the Secret with the signing keys is gone, the last good ones stay in use');
    broken = true;
  }

  store.subscribe((change) => {
    if (change.key === key) reading = reading.then(take);
  });
  return {
    current: () => keys,
    content: () => content,
    facts: () => facts,
    isBroken: () => broken,
    loaded: loaded.promise,
  };
}

/**
 * Gives a stored set without the key that is to be revoked.
 *
 * @returns undefined when no key is left to sign with
 * @throws SigningKeyError when it is no key set
 */
function withoutKey(text: string, revoke: string | undefined): string | undefined {
  if (revoke === undefined) return text;
  const keys = parseKeys(text);
  const left = withoutRevoked(keys, revoke);
  if (left === keys) return text;
  return left.some(({ state }) => state === 'active') ? formatKeys(left) : undefined;
}
