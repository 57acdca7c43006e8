import type { Logger } from 'pino';
import { describeError } from '../kube/errors.ts';
import type { Store } from '../kube/store.ts';
import { formatKeys, parseKeys, SigningKeyError } from './key-format.ts';
import { type KeyFacts, withoutRevoked } from './key-plan.ts';
import { dataKey, type KeySecretRecord } from './key-store.ts';
import { parseSigningKeys, type SigningKeys } from './signing-keys.ts';

/** The signing keys that this process works with: the last good ones. */
export interface HeldKeys {
  /** undefined until there were good ones. */
  current(): SigningKeys | undefined;
  /** The same as they are stored, with the private halves; undefined until there were good ones. */
  content(): string | undefined;
  /** What is told of the keys in metrics. */
  facts(): readonly KeyFacts[];
  /** Whether the Secret cannot be used, or is gone, so that the keys in use may not be the ones to be used. */
  isBroken(): boolean;
  /** Resolves when there are good keys for the first time. */
  readonly loaded: Promise<void>;
}

export interface HeldKeysOptions {
  /** Holds the Secret, as the watch tells it. */
  store: Pick<Store<KeySecretRecord>, 'get' | 'subscribe'>;
  /** namespace/name of the Secret. */
  key: string;
  log: Logger;
}

/**
 * Follows the Secret and takes each key set that is good, without a key that is to be revoked. One that is broken is
 * refused with an error in the log, and the last good one stays in use; so it does when the Secret is gone.
 */
export function createHeldKeys({ store, key, log }: HeldKeysOptions): HeldKeys {
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
      const text = textInForce(record);
      if (text !== content) await use(text);
      if (broken) log.info({ secret: key }, 'the Secret with the signing keys is sound again');
      broken = false;
    } catch (error) {
      broken = true;
      const reason = error instanceof SigningKeyError ? `${dataKey}: ${error.message}` : describeError(error);
      const outcome = keys ? 'the last good ones stay in use' : 'there are none to use';
      log.error({ secret: key, reason }, `the Secret with the signing keys is broken, ${outcome}`);
    }
  }

  async function use(text: string): Promise<void> {
    const read = await parseSigningKeys(text);
    keys = read;
    content = text;
    facts = parseKeys(text).map(({ jwk: _, ...rest }) => rest);
    log.info({ secret: key, active: read.active.kid, keys: facts.length }, 'signing keys in use');
    loaded.resolve();
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

/** @throws SigningKeyError when it is no key set */
function textInForce({ content, requests }: KeySecretRecord): string {
  if (requests.revoke === undefined) return content;
  const keys = parseKeys(content);
  const left = withoutRevoked(keys, requests.revoke);
  return left === keys ? content : formatKeys(left);
}
