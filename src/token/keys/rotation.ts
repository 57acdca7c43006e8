import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError, isStatus, NotLeaderError, retryAfterOf } from '../../kube/errors.ts';
import type { NamespacedName } from '../../kube/resource.ts';
import type { Store } from '../../kube/store.ts';
import { createWorkQueue } from '../../kube/work-queue.ts';
import type { KeyCache } from './cache.ts';
import type { KeyPolicy } from './facts.ts';
import { formatKeys, parseKeys, SigningKeyError, type StoredKey } from './format.ts';
import { planKeys } from './plan.ts';
import { removeRevoked } from './revocations.ts';
import { completePlan, parseSigningKeys } from './signing-keys.ts';
import { createKeySecret, type KeySecretRecord, replaceKeys } from './store.ts';

/** Rotation depends on the time, so the set is reconciled this often, milliseconds. */
const resyncMs = 30_000;
const backoff = { baseMs: 200, maxMs: 30_000 };

export interface KeyRotationOptions {
  /** Writes only while this process leads. */
  client: KubernetesClient;
  store: Pick<Store<KeySecretRecord>, 'get' | 'subscribe'>;
  cache: Pick<KeyCache, 'content'>;
  /** Kids of revoked keys, see `collectRevocations`. */
  revoked: ReadonlySet<string>;
  secret: NamespacedName;
  policy: KeyPolicy;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Starts key rotation, which runs on the leader: reconciles the Secret after each change and periodically, in one write. A
 * crash leaves either the old or the new set. After a concurrent write or a lost response, the next write fails because of
 * its resourceVersion, and the set is planned again.
 *
 * An invalid set is not changed. A deleted Secret is recreated from the cached set, without revoked keys.
 *
 * @returns a function that stops rotation and resolves when the running reconciliation has ended
 */
export function startKeyRotation(options: KeyRotationOptions): () => Promise<void> {
  const { client, store, cache, revoked, secret, policy, log, now } = options;
  const key = `${secret.namespace}/${secret.name}`;
  const queue = createWorkQueue({ concurrency: 1, backoff, handle: reconcile, onFailure });

  async function reconcile(): Promise<number> {
    const record = store.get(key);
    if (record) await advance(record);
    else await restore();
    return resyncMs;
  }

  async function advance(record: KeySecretRecord): Promise<void> {
    const keys = await readValid(record.content);
    if (!keys) return;
    const at = now();
    const plan = planKeys(keys, { policy, now: at, revoked, rotate: record.requests.rotate });
    if (!plan) return;
    const next = await completePlan(plan, policy, at);
    await replaceKeys(client, record, formatKeys(next));
    log.info({ secret: key, ...changesOf(keys, next) }, 'signing keys changed');
  }

  async function restore(): Promise<void> {
    // The cache may not have processed the latest revocation yet.
    const cached = cache.content();
    const content = cached === undefined ? undefined : removeRevoked(cached, revoked);
    if (content === undefined || !(await createKeySecret(client, secret, content))) return;
    log.warn({ secret: key }, 'recreated the deleted signing-key Secret with the same keys');
  }

  function onFailure(_: string, error: unknown): number {
    const level = isStatus(error, 409) || error instanceof NotLeaderError ? 'debug' : 'error';
    log[level]({ secret: key, reason: describeError(error) }, 'cannot write the signing keys, will retry');
    return retryAfterOf(error);
  }

  const unsubscribe = store.subscribe(() => queue.add(key));
  queue.add(key);
  return async () => {
    unsubscribe();
    await queue.shutDown();
  };
}

/** @returns the keys; undefined if the set is invalid, which the key cache logs */
async function readValid(content: string): Promise<StoredKey[] | undefined> {
  try {
    await parseSigningKeys(content);
    return parseKeys(content);
  } catch (error) {
    if (error instanceof SigningKeyError) return undefined;
    throw error;
  }
}

/** @returns for the log, the kids that entered each state, that were removed, and whose metadata changed (`renewed`) */
function changesOf(before: readonly StoredKey[], after: readonly StoredKey[]): Record<string, string[]> {
  const stateOf = (keys: readonly StoredKey[], kid: string) => keys.find((key) => key.kid === kid)?.state ?? 'removed';
  const kids = [...new Set([...before, ...after].map((key) => key.kid))];
  const changed = kids.filter((kid) => stateOf(before, kid) !== stateOf(after, kid));
  const entered = [...new Set(changed.map((kid) => stateOf(after, kid)))];
  const states = entered.map((state) => [state, changed.filter((kid) => stateOf(after, kid) === state)]);
  // planKeys returns the same object for an unchanged key.
  const renewed = after.filter((key) => !changed.includes(key.kid) && !before.includes(key)).map(({ kid }) => kid);
  return Object.fromEntries([...states, ...(renewed.length > 0 ? [['renewed', renewed]] : [])]);
}
