import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { SecretRecord } from '../credential/secret-record.ts';
import { type KubernetesClient, serverSideApply } from '../kube/client.ts';
import { describeError, isStatus, KubernetesError } from '../kube/errors.ts';
import type { EventContent, EventRecorder } from '../kube/events.ts';
import type { Change } from '../kube/store.ts';
import { createWorkQueue, type WorkQueue } from '../kube/work-queue.ts';
import { type AccessKeyRecord, group, kind, plural, version } from './access-key-record.ts';
import { apply, type PlanOutcome } from './apply.ts';
import { type AccessKeyCaches, holderOf, isStopped } from './caches.ts';
import { changeEvents, transitionEvents } from './events.ts';
import { type Observed, plan } from './plan.ts';
import { nextExpiryMs, statusOf } from './status.ts';
import type { AccessKeyStatus } from './types.generated.ts';

/** How soon a name that is somebody else's Secret is looked at again, milliseconds: foreign Secrets are not watched. */
const conflictRecheckMs = 30_000;
const concurrency = 8;
const backoff = { baseMs: 200, maxMs: 60_000 };
const fieldManager = 'accesskey-operator';

export interface ControllerOptions {
  client: KubernetesClient;
  caches: AccessKeyCaches;
  recorder: EventRecorder;
  log: Logger;
}

/**
 * Starts reconciling: each change in the caches puts the AccessKeys it touches into a work queue; a pass observes,
 * plans, applies, and writes status when it changed. Call it when the caches are filled.
 *
 * @returns the queue; shutting it down ends reconciling
 */
export function startController({ client, caches, recorder, log }: ControllerOptions): WorkQueue {
  const queue = createWorkQueue({
    concurrency,
    backoff,
    handle: (key) => reconcile(key),
    onFailure(key, error) {
      // A conflict is the normal sign of a stale cache: the newer object is on its way.
      const level = isStatus(error, 409) ? 'debug' : 'warn';
      log[level]({ accessKey: key, reason: describeError(error) }, 'reconcile failed, will try again');
      return error instanceof KubernetesError ? error.retryAfterMs : 0;
    },
  });

  async function reconcile(key: string): Promise<number | undefined> {
    const accessKey = caches.accessKeys.get(key);
    if (!accessKey) return undefined;
    const observed = observe(caches, accessKey);
    if (observed.stopped) return undefined;
    const outcome = await apply(client, accessKey, plan(observed));
    announce(accessKey, changeEvents(outcome));
    logChanges(accessKey, outcome);
    const status = statusOf(accessKey, observed.claimHolder, outcome.pairs, Date.now());
    if (!sameStatus(status, accessKey.status)) {
      await writeStatus(client, accessKey, status);
      announce(accessKey, transitionEvents(accessKey.status, status));
    }
    const failed = outcome.pairs.find((one) => one.kind === 'failed');
    if (failed) throw failed.error;
    return requeueAfter(accessKey, outcome);
  }

  function announce(accessKey: AccessKeyRecord, events: readonly EventContent[]): void {
    for (const event of events) recorder.record(subjectOf(accessKey), event);
  }

  function logChanges(accessKey: AccessKeyRecord, { pairs, removed }: PlanOutcome): void {
    for (const one of pairs) {
      if (one.kind !== 'present' || one.change === 'none') continue;
      log.info({ accessKey: accessKey.key, pair: one.pair.name, secret: one.secret.name }, `key pair ${one.change}`);
    }
    for (const secret of removed) log.info({ accessKey: accessKey.key, secret: secret.name }, 'secret removed');
  }

  caches.accessKeys.subscribe((change) => enqueueClaims(caches, change, queue));
  caches.secrets.subscribe((change) => enqueueOwner(caches, change, queue));
  caches.namespaces.subscribe(({ key }) => {
    for (const one of caches.accessKeys.byIndex('namespace', key)) enqueueUser(caches, one.spec.user.name, queue);
  });
  for (const one of caches.accessKeys.values()) queue.add(one.key);
  return queue;
}

function observe(caches: AccessKeyCaches, accessKey: AccessKeyRecord): Observed {
  const owned = caches.secrets.byIndex('ownerUID', accessKey.uid);
  return {
    accessKey,
    stopped: isStopped(caches, accessKey),
    claimHolder: holderOf(caches, accessKey.spec.user.name)?.key,
    secrets: owned.filter((secret) => secret.namespace === accessKey.namespace),
  };
}

/** An AccessKey that comes, goes or changes may pass the claim on its user to another. */
function enqueueClaims(
  caches: AccessKeyCaches,
  { previous, current }: Change<AccessKeyRecord>,
  queue: WorkQueue,
): void {
  const appeared = !previous || !current || previous.deleting !== current.deleting || previous.uid !== current.uid;
  if (current) queue.add(current.key);
  const user = (current ?? previous)?.spec.user.name;
  if (appeared && user !== undefined) enqueueUser(caches, user, queue);
}

function enqueueUser(caches: AccessKeyCaches, user: string, queue: WorkQueue): void {
  for (const one of caches.accessKeys.byIndex('user', user)) queue.add(one.key);
}

/** A Secret concerns whom it belongs to, now or before, and who wanted its name but found it taken. */
function enqueueOwner(caches: AccessKeyCaches, { previous, current }: Change<SecretRecord>, queue: WorkQueue): void {
  for (const secret of [previous, current]) {
    if (!secret) continue;
    const owners = secret.ownerUID === undefined ? [] : caches.accessKeys.byIndex('uid', secret.ownerUID);
    const waiting = caches.accessKeys.byIndex('namespace', secret.namespace).filter((one) => wants(one, secret.name));
    for (const one of [...owners, ...waiting]) queue.add(one.key);
  }
}

function wants(accessKey: AccessKeyRecord, secretName: string): boolean {
  return accessKey.status.keyPairs?.some((one) => one.secretName === secretName) === true;
}

function requeueAfter(accessKey: AccessKeyRecord, { pairs }: PlanOutcome): number | undefined {
  const expiry = nextExpiryMs(accessKey, Date.now());
  const recheck = pairs.some((one) => one.kind === 'conflict') ? conflictRecheckMs : undefined;
  if (expiry === undefined || recheck === undefined) return expiry ?? recheck;
  return Math.min(expiry, recheck);
}

/** Whether two statuses say the same. The order of list maps is the API server's affair (server-side apply merges them). */
function sameStatus(a: AccessKeyStatus, b: AccessKeyStatus): boolean {
  return isDeepStrictEqual(inOrder(a), inOrder(b));
}

function inOrder(status: AccessKeyStatus): AccessKeyStatus {
  const conditions = status.conditions?.toSorted((a, b) => (a.type < b.type ? -1 : 1));
  const keyPairs = status.keyPairs?.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...status, ...(conditions && { conditions }), ...(keyPairs && { keyPairs }) };
}

/** Server-side apply with uid and resourceVersion: it never lands on a successor, nor on a newer spec. */
async function writeStatus(
  client: KubernetesClient,
  accessKey: AccessKeyRecord,
  status: AccessKeyStatus,
): Promise<void> {
  const { namespace, name, uid, resourceVersion } = accessKey;
  const metadata = { namespace, name, uid, resourceVersion };
  const body = { apiVersion: `${group}/${version}`, kind, metadata, status };
  await client.customObjects.patchNamespacedCustomObjectStatus(
    { group, version, namespace, plural, name, body, fieldManager, force: true },
    serverSideApply,
  );
}

function subjectOf({ namespace, name, uid, resourceVersion }: AccessKeyRecord) {
  return { apiVersion: `${group}/${version}`, kind, namespace, name, uid, resourceVersion };
}
