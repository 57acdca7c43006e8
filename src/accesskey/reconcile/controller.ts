import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError, type KubernetesError, NotLeaderError, retryAfterOf } from '../../kube/errors.ts';
import type { EventContent, EventRecorder } from '../../kube/events.ts';
import type { Transport } from '../../kube/transport.ts';
import { createWorkQueue, type WorkQueueOptions } from '../../kube/work-queue.ts';
import { type AccessKeyRecord, accessKeys, kind } from '../model/access-key-record.ts';
import { type AccessKeyCaches, isBeingDeleted, isTerminating, nameHoldersFor } from '../model/caches.ts';
import { type Accepts, isUnaccepted, withAcceptance } from './acceptance.ts';
import { apply } from './apply.ts';
import { applyTokens } from './apply-token.ts';
import { blockingNames, createBlockingSecrets } from './blocking-secrets.ts';
import { enqueueChanges } from './enqueue.ts';
import { changeEvents, removedEvent } from './events.ts';
import { createMemories, type Memory } from './memory.ts';
import type { PlanOutcome } from './outcome.ts';
import { afterOutcome, heldFields, isKnownOverride, nextOverrideStepMs, onlyFor, withOverrides } from './overrides.ts';
import { type Observed, plan } from './plan.ts';
import type { Progress } from './scope.ts';
import { createSecretApi } from './secret-api.ts';
import { StaleCacheError } from './secret-errors.ts';
import type { SecretTokens } from './secret-token.ts';
import { nextStepAt, statusOf, terminatingStatus } from './status.ts';
import { isSameStatus, writeStatus } from './status-writer.ts';
import { deletionEvents, transitionEvents } from './transition-events.ts';

/**
 * How often a pair with a problem that is not an error of the API server is reconciled again, milliseconds. A blocking
 * Secret that is not watched (blocking-secrets.ts) may be gone.
 */
const problemRecheckMs = 30_000;
/**
 * Longest wait for an expiry or a rotation, milliseconds. The wall clock may jump, so the time is checked at least this
 * often.
 */
const maxRequeueMs = 30_000;
/** How long the watch may take to show a written Secret before the status reports it, milliseconds. */
const watchLatencyMs = 2_000;
/**
 * How often the message of a failure changes at most, milliseconds. A change of the status causes the next attempt, which
 * a webhook may reject with yet another text.
 */
const messageIntervalMs = 30_000;
const concurrency = 8;
const backoff = { baseMs: 200, maxMs: 60_000 };

export interface ControllerOptions {
  client: KubernetesClient;
  /** For watches; the client writes. */
  transport: Transport;
  caches: AccessKeyCaches;
  accepts: Accepts;
  recorder: EventRecorder;
  log: Logger;
  /** Issues the tokens that Secrets hold. */
  tokens: SecretTokens;
  /** How long before the expiry of a key pair to warn, days. */
  warningDays: readonly number[];
  /** Milliseconds since the epoch. */
  now: () => number;
  metrics?: WorkQueueOptions['metrics'];
}

/**
 * Starts reconciling. Each change in the caches adds the affected AccessKeys to a work queue; a reconcile observes,
 * plans, applies, and writes the status if it has changed. Call it once the caches are filled.
 *
 * @returns a function that stops reconciling and resolves when no reconcile is running
 */
export function startController(options: ControllerOptions): () => Promise<void> {
  const { client, transport, caches, accepts, recorder, log, tokens, warningDays, now, metrics } = options;
  const api = createSecretApi(client);
  const memories = createMemories();
  const queue = createWorkQueue({
    concurrency,
    backoff,
    handle: reconcile,
    maxRequeueMs,
    onFailure(key, error) {
      log[levelOf(error)]({ accessKey: key, reason: describeError(error) }, 'reconcile failed, will retry');
      return retryAfterOf(error);
    },
    ...(metrics && { metrics }),
  });
  const blockingSecrets = createBlockingSecrets({ transport, log, onChange: queue.add });

  async function reconcile(key: string): Promise<number | undefined> {
    const accessKey = caches.accessKeys.get(key);
    if (!accessKey) {
      memories.forget(key);
      blockingSecrets.end(key);
      return undefined;
    }
    const memory = memories.of(accessKey);
    const observed = { ...observe(caches, accessKey), held: heldFields(memory.overrides, performance.now()) };
    const at = now();
    // The plan would be empty; only the status is to be written.
    if (observed.beingDeleted) return terminate(accessKey, at);
    const progress = progressOf(accessKey, memory);
    const appliedPairs = await apply({ api, accessKey, plan: plan(observed, at), progress, now: at });
    const applied = await applyTokens({ api, accessKey, progress, now: at }, appliedPairs, { ...observed, tokens });
    memory.overrides = onlyFor(memory.overrides, applied.pairs);
    const overridden = withOverrides(applied, memory.overrides);
    const outcome = withAcceptance({ accessKey, outcome: overridden, accepts, now: at });
    const isCached = (name: string) => caches.secrets.get(`${accessKey.namespace}/${name}`) !== undefined;
    blockingSecrets.watch(
      accessKey,
      blockingNames(outcome).filter((name) => !isCached(name)),
    );
    // The watch reconciles again as soon as it shows the Secret. Until then, and for at most `watchLatencyMs`, the status
    // stays as it is.
    if (waitsForWatch(memory, outcome)) return watchLatencyMs;
    const error = errorOf(outcome);
    const keepsMessage = performance.now() - (memory.failureWrittenAt ?? Number.NEGATIVE_INFINITY) < messageIntervalMs;
    const { userHolder } = observed;
    const status = statusOf({ accessKey, userHolder, outcome, keepsMessage, warningDays, now: at });
    const isWritten = await updateStatus(accessKey, status);
    if (isWritten || !error) memory.failureWrittenAt = error && performance.now();
    memories.tidy(key);
    if (error) throw error;
    const nextStep = nextStepAt({ accessKey, outcome, warningDays, now: at });
    return earliest(
      nextStep && nextStep - at,
      recheckAfterMs(outcome),
      nextOverrideStepMs(memory.overrides, performance.now()),
    );
  }

  /** Records since when the watch does not show a Secret. @returns false after `watchLatencyMs` */
  function waitsForWatch(memory: Memory, outcome: PlanOutcome): boolean {
    memory.unacceptedSince = isUnaccepted(outcome) ? (memory.unacceptedSince ?? performance.now()) : undefined;
    return memory.unacceptedSince !== undefined && performance.now() - memory.unacceptedSince < watchLatencyMs;
  }

  /** Records no Event: a terminating namespace accepts none. */
  async function terminate(accessKey: AccessKeyRecord, at: number): Promise<undefined> {
    blockingSecrets.end(accessKey.key);
    const status = terminatingStatus(accessKey, at);
    if (!isSameStatus(status, accessKey.status)) await writeStatus(client, accessKey, status);
  }

  /** @returns whether the status has changed */
  async function updateStatus(accessKey: AccessKeyRecord, status: AccessKeyRecord['status']): Promise<boolean> {
    if (isSameStatus(status, accessKey.status)) return false;
    await writeStatus(client, accessKey, status);
    record(accessKey, transitionEvents(accessKey, status, now()));
    return true;
  }

  function record(accessKey: AccessKeyRecord, events: readonly EventContent[]): void {
    for (const event of events) recorder.record(subjectOf(accessKey), event);
  }

  function progressOf(accessKey: AccessKeyRecord, memory: Memory): Progress {
    const about = { accessKey: accessKey.key };
    return {
      changed(outcome) {
        const { change, cause, pair, secretName: secret } = outcome;
        // The condition Overridden has its own Event.
        if (!isKnownOverride(memory.overrides, outcome)) record(accessKey, changeEvents(outcome));
        memory.overrides = afterOutcome(memory.overrides, outcome, performance.now());
        if (change !== 'none')
          log.info({ ...about, pair: pair.name, secret, ...(cause && { cause }) }, `key pair ${change}`);
      },
      removed(secret) {
        record(accessKey, [removedEvent(secret)]);
        log.info({ ...about, secret }, 'secret removed');
      },
    };
  }

  const unsubscribers = [
    enqueueChanges(caches, queue.add),
    caches.accessKeys.subscribe(({ previous, current }) => {
      if (!previous || previous.deleting) return;
      const isDeleted = previous.uid !== current?.uid || current.deleting;
      // A terminating namespace accepts no Event.
      if (isDeleted && !isTerminating(caches, previous.namespace)) record(previous, deletionEvents(previous, now()));
    }),
  ];
  return async () => {
    for (const unsubscribe of unsubscribers) unsubscribe();
    await queue.shutDown();
    await blockingSecrets.stop();
  };
}

function observe(caches: AccessKeyCaches, accessKey: AccessKeyRecord): Observed {
  const owned = caches.secrets.byIndex('ownerUID', accessKey.uid);
  return {
    accessKey,
    beingDeleted: isBeingDeleted(caches, accessKey),
    userHolder: caches.userHolders.holderOf(accessKey.spec.user.name),
    secrets: owned.filter((secret) => secret.namespace === accessKey.namespace),
    nameHolders: nameHoldersFor(caches, accessKey),
  };
}

/**
 * debug for a stale cache, to which the newer object is about to arrive, and for lost leadership: both are expected.
 */
function levelOf(error: unknown): 'debug' | 'warn' {
  return error instanceof StaleCacheError || error instanceof NotLeaderError ? 'debug' : 'warn';
}

function errorOf({ pairs, notRemoved }: PlanOutcome): KubernetesError | undefined {
  return pairs.find((one) => one.problem?.error)?.problem?.error ?? notRemoved[0]?.error;
}

function recheckAfterMs({ pairs }: PlanOutcome): number | undefined {
  const needsRecheck = pairs.some(({ problem }) => problem !== undefined && problem.reason !== 'SecretFailed');
  return needsRecheck ? problemRecheckMs : undefined;
}

function earliest(...delays: readonly (number | undefined)[]): number | undefined {
  const due = delays.filter((delay) => delay !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

function subjectOf({ namespace, name, uid, resourceVersion }: AccessKeyRecord) {
  return { apiVersion: accessKeys.apiVersion, kind, namespace, name, uid, resourceVersion };
}
