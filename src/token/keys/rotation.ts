import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError, isStatus, NotLeaderError, retryAfterOf } from '../../kube/errors.ts';
import type { Store } from '../../kube/store.ts';
import { createWorkQueue } from '../../kube/work-queue.ts';
import type { KeyCache } from './cache.ts';
import type { KeyPolicy } from './facts.ts';
import { formatKeys, parseKeys, SigningKeyError, type StoredKey } from './format.ts';
import { planKeys } from './plan.ts';
import { completePlan, parseSigningKeys } from './signing-keys.ts';
import { createKeySecret, type KeySecretRecord, replaceKeys, type SecretReference } from './store.ts';

/** What is to be done comes with time; the work queue asks as often too. Milliseconds. */
const lookAgainMs = 30_000;
const backoff = { baseMs: 200, maxMs: 30_000 };

export interface KeyRotationOptions {
  /** Writes only while this process leads. */
  client: KubernetesClient;
  store: Pick<Store<KeySecretRecord>, 'get' | 'subscribe'>;
  cache: Pick<KeyCache, 'content'>;
  secret: SecretReference;
  policy: KeyPolicy;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Starts what the leader does about the signing keys: at each change of the Secret, and as time goes by, the set is
 * planned and replaced in one write. A crash leaves the set before the write or the one after it; a second writer, and an
 * answer that was lost, make the next write fail by its resourceVersion, and the plan is made again.
 *
 * A broken set is left alone. A Secret that was deleted is made again from the set that this process holds.
 *
 * @returns ends it; resolves when the pass under way is done
 */
export function startKeyRotation(options: KeyRotationOptions): () => Promise<void> {
  const { client, store, cache, secret, policy, log, now } = options;
  const key = `${secret.namespace}/${secret.name}`;
  const queue = createWorkQueue({ concurrency: 1, backoff, handle: pass, onFailure });

  async function pass(): Promise<number> {
    const record = store.get(key);
    if (record) await advance(record);
    else await restore();
    return lookAgainMs;
  }

  async function advance(record: KeySecretRecord): Promise<void> {
    const keys = await readGood(record.content);
    if (!keys) return;
    const at = now();
    const plan = planKeys(keys, policy, at, record.requests);
    if (!plan) return;
    const next = await completePlan(plan, policy, at);
    await replaceKeys(client, record, formatKeys(next));
    log.info({ secret: key, ...changesOf(keys, next) }, 'signing keys changed');
  }

  async function restore(): Promise<void> {
    const content = cache.content();
    if (content === undefined || !(await createKeySecret(client, secret, content))) return;
    log.warn({ secret: key }, 'the Secret with the signing keys was deleted and is made again, with the same keys');
  }

  function onFailure(_: string, error: unknown): number {
    const level = isStatus(error, 409) || error instanceof NotLeaderError ? 'debug' : 'error';
    log[level]({ secret: key, reason: describeError(error) }, 'the signing keys could not be written, will try again');
    return retryAfterOf(error);
  }

  const unsubscribe = store.subscribe(() => queue.add(key));
  queue.add(key);
  return async () => {
    unsubscribe();
    await queue.shutDown();
  };
}

/** @returns undefined for a broken set, which who holds the keys has told of */
async function readGood(content: string): Promise<StoredKey[] | undefined> {
  try {
    await parseSigningKeys(content);
    return parseKeys(content);
  } catch (error) {
    if (error instanceof SigningKeyError) return undefined;
    throw error;
  }
}

/** What happened, for the log: the kids that came into each state, those that are gone, and those whose times changed. */
function changesOf(before: readonly StoredKey[], after: readonly StoredKey[]): Record<string, string[]> {
  const stateOf = (keys: readonly StoredKey[], kid: string) => keys.find((key) => key.kid === kid)?.state ?? 'removed';
  const kids = [...new Set([...before, ...after].map((key) => key.kid))];
  const changed = kids.filter((kid) => stateOf(before, kid) !== stateOf(after, kid));
  const entered = [...new Set(changed.map((kid) => stateOf(after, kid)))];
  const states = entered.map((state) => [state, changed.filter((kid) => stateOf(after, kid) === state)]);
  // The plan keeps a key that it does not change as it is.
  const renewed = after.filter((key) => !changed.includes(key.kid) && !before.includes(key)).map(({ kid }) => kid);
  return Object.fromEntries([...states, ...(renewed.length > 0 ? [['renewed', renewed]] : [])]);
}
