import type { Logger } from 'pino';
import { annotations } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError, ifFound, retryAfterOf } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import { isDnsSubdomain } from '../../kube/names.ts';
import { printableName } from '../../kube/printable.ts';
import { createWorkQueue } from '../../kube/work-queue.ts';
import { accessKeys } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';
import { orphanRemovedEvent } from './events.ts';
import { createSecretApi } from './secret-api.ts';

/** How long the operator leaves the deletion to the garbage collector, milliseconds. */
const defaultDelayMs = 5 * 60_000;
const backoff = { baseMs: 1000, maxMs: 300_000 };

export interface OrphanOptions {
  client: KubernetesClient;
  caches: AccessKeyCaches;
  recorder: EventRecorder;
  log: Logger;
  delayMs?: number;
  /** Monotonic clock, milliseconds. */
  clock?: () => number;
}

/**
 * Deletes Secrets whose AccessKey no longer exists and that the garbage collector has missed. The API server must confirm
 * that the AccessKey is gone. A Secret without an owner, or one that is marked for adoption, stays.
 *
 * @returns a function that stops and resolves when nothing is running
 */
export function startOrphanRemoval(options: OrphanOptions): () => Promise<void> {
  const { client, caches, recorder, log, delayMs = defaultDelayMs, clock = () => performance.now() } = options;
  const api = createSecretApi(client);
  /** Since when each Secret has been an orphan, by uid. */
  const since = new Map<string, number>();
  const queue = createWorkQueue({
    concurrency: 1,
    backoff,
    handle,
    onFailure(key, error) {
      log.debug({ secret: key, reason: describeError(error) }, 'orphaned secret not removed, will retry');
      return retryAfterOf(error);
    },
  });

  async function handle(key: string): Promise<number | undefined> {
    const secret = caches.secrets.get(key);
    if (!secret) return undefined;
    if (!isOrphan(caches, secret)) {
      since.delete(secret.uid);
      return undefined;
    }
    const first = since.get(secret.uid) ?? clock();
    since.set(secret.uid, first);
    const remaining = first + delayMs - clock();
    return remaining > 0 ? remaining : remove(secret);
  }

  /** @returns when to try again, milliseconds, if the AccessKey still exists */
  async function remove(secret: SecretRecord): Promise<number | undefined> {
    const { raw, record } = await api.readUnchanged(secret);
    const owner = raw.metadata?.ownerReferences?.find((one) => one.uid === record.ownerUID)?.name;
    if (owner === undefined) return undefined;
    // The reference can contain any text; no AccessKey has a name that is not valid.
    if (isDnsSubdomain(owner) && (await exists(secret.namespace, owner, record.ownerUID))) return delayMs;
    if (await api.remove(record)) {
      const { namespace, name, uid, resourceVersion } = record;
      recorder.record(
        { apiVersion: 'v1', kind: 'Secret', namespace, name, uid, resourceVersion },
        orphanRemovedEvent(name, printableName(owner)),
      );
      log.info({ accessKey: `${namespace}/${printableName(owner)}`, secret: name }, 'orphaned secret removed');
    }
    since.delete(secret.uid);
    return undefined;
  }

  async function exists(namespace: string, name: string, uid: string | undefined): Promise<boolean> {
    const found = await ifFound(client.get<{ metadata: { uid: string } }>({ ...accessKeys, namespace, name }));
    return found !== undefined && found.metadata.uid === uid;
  }

  const addOrphans = (secrets: Iterable<SecretRecord>) => {
    for (const one of secrets) if (isOrphan(caches, one)) queue.add(one.key);
  };
  const unsubscribers = [
    caches.secrets.subscribe(({ previous, current }) => {
      if (previous && previous.uid !== current?.uid) since.delete(previous.uid);
      if (current) addOrphans([current]);
    }),
    caches.accessKeys.subscribe(({ previous }) => {
      if (previous) addOrphans(caches.secrets.byIndex('ownerUID', previous.uid));
    }),
  ];
  addOrphans(caches.secrets.values());
  return async () => {
    for (const unsubscribe of unsubscribers) unsubscribe();
    await queue.shutDown();
  };
}

function isOrphan({ accessKeys, namespaces }: AccessKeyCaches, secret: SecretRecord): boolean {
  if (secret.ownerUID === undefined || secret.deleting || secret.annotations[annotations.adopt]) return false;
  if (namespaces.get(secret.namespace)?.terminating) return false;
  return accessKeys.byIndex('uid', secret.ownerUID).length === 0;
}
