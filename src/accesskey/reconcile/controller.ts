import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError, NotLeaderError, retryAfterOf } from '../../kube/errors.ts';
import type { EventContent, EventRecorder } from '../../kube/events.ts';
import type { Transport } from '../../kube/transport.ts';
import { createWorkQueue, type WorkQueueOptions } from '../../kube/work-queue.ts';
import type { CurrentGuardrails } from '../guardrails/watched-guardrails.ts';
import { type AccessKeyRecord, accessKeys, kind } from '../model/access-key-record.ts';
import { type AccessKeyCaches, isTerminating } from '../model/caches.ts';
import { type Accepts, isUnaccepted, needsStatus, withAcceptance } from './acceptance.ts';
import { apply } from './apply.ts';
import { applyTokens } from './apply-token.ts';
import { blockingNames, createBlockingSecrets } from './blocking-secrets.ts';
import { enqueueChanges } from './enqueue.ts';
import { createMemories, type Memory } from './memory.ts';
import { nextStepAt } from './next-step.ts';
import { mayOwn, observe, versionsOf } from './observe.ts';
import type { PlanOutcome } from './outcome.ts';
import { type HeldFields, heldFields, nextOverrideStepMs, onlyFor, withOverrides } from './overrides.ts';
import { type Observed, plan } from './plan.ts';
import { errorOf } from './problems.ts';
import { trackProgress } from './progress.ts';
import { isRechecked, isRejected, requeueAfterMs, retryOf } from './requeue.ts';
import { createSecretApi } from './secret-api.ts';
import { StaleCacheError } from './secret-errors.ts';
import type { SecretTokens } from './secret-token.ts';
import { statusOf, terminatingStatus } from './status.ts';
import { isSameStatus, writeStatus } from './status-writer.ts';
import { deletionEvents, transitionEvents } from './transition-events.ts';
import { type Unseen, type VersionOf, waitForWatchMs, watchLatencyMs, writtenSecrets } from './unseen.ts';

/**
 * How often the message of a failure changes at most, milliseconds. A change of the status causes the next attempt, which
 * a webhook may reject with yet another text.
 */
const messageIntervalMs = 30_000;
const concurrency = 8;
/** Edits and deletions that are reconciled in addition while the backlog occupies `concurrency`. */
const reserve = 2;
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
  /** What AccessKeys are compared with. */
  guardrails: CurrentGuardrails;
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
  const { client, transport, caches, accepts, recorder, log, tokens, warningDays, guardrails, now, metrics } = options;
  const api = createSecretApi(client);
  const memories = createMemories();
  const queue = createWorkQueue({
    concurrency,
    reserve,
    groupOf: namespaceIn,
    backoff,
    handle: reconcile,
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
    const cached = (name: string) => caches.secrets.get(`${accessKey.namespace}/${name}`)?.resourceVersion;
    const waitMs = waitForWatchMs(memory.unseen, accessKey, cached, performance.now());
    if (waitMs > 0) return waitMs;
    const before = versionsOf(observed);
    const applied = await applyAll(observed, memory, at);
    memory.unseen = unseenSecrets(accessKey, applied, (name) => before.get(name));
    memory.overrides = onlyFor(memory.overrides, applied);
    const overridden = withOverrides(applied, memory.overrides);
    const outcome = withAcceptance({ accessKey, outcome: overridden, accepts, now: at });
    blockingSecrets.watch(
      accessKey,
      blockingNames(outcome).filter((name) => cached(name) === undefined),
    );
    // The watch reconciles again as soon as it shows the Secret. Until then, and for at most `watchLatencyMs`, the status
    // stays as it is, unless only the status can have what the Secret does not.
    if (waitsForWatch(memory, outcome) && !needsStatus(accessKey, outcome)) return watchLatencyMs;
    await report(observed, outcome, memory, at);
    const hasLastingProblem = isRechecked(outcome) || isRejected(outcome);
    memory.problemSince = hasLastingProblem ? (memory.problemSince ?? performance.now()) : undefined;
    memories.tidy(key);
    return nextReconcileMs(accessKey, outcome, memory, at);
  }

  /** Records the Events of what was done even if the reconcile fails. */
  async function applyAll(observed: Observed & { held: HeldFields }, memory: Memory, at: number): Promise<PlanOutcome> {
    const { accessKey } = observed;
    const progress = trackProgress(accessKey, memory, log);
    const scope = { api, accessKey, progress, mayOwn: mayOwn(caches, accessKey), now: at };
    try {
      const outcome = await apply({ ...scope, plan: plan(observed, at) });
      return await applyTokens(scope, outcome, { ...observed, tokens });
    } finally {
      record(accessKey, progress.events());
    }
  }

  /** Records since when the watch does not show a Secret. @returns false after `watchLatencyMs` */
  function waitsForWatch(memory: Memory, outcome: PlanOutcome): boolean {
    memory.unacceptedSince = isUnaccepted(outcome) ? (memory.unacceptedSince ?? performance.now()) : undefined;
    return memory.unacceptedSince !== undefined && performance.now() - memory.unacceptedSince < watchLatencyMs;
  }

  /** Writes the status if it has changed. */
  async function report(observed: Observed, outcome: PlanOutcome, memory: Memory, at: number): Promise<void> {
    const { accessKey, userHolder } = observed;
    const keepsMessage = performance.now() - (memory.failureWrittenAt ?? Number.NEGATIVE_INFINITY) < messageIntervalMs;
    const status = statusOf({
      ...{ accessKey, userHolder, outcome, keepsMessage, warningDays, now: at },
      guardrails: guardrails.current(),
    });
    const isWritten = await updateStatus(accessKey, status);
    if (isWritten) memory.unseen.status = { resourceVersion: accessKey.resourceVersion, since: performance.now() };
    const error = errorOf(outcome);
    if (isWritten || !error) memory.failureWrittenAt = error && performance.now();
  }

  /**
   * @returns milliseconds; undefined if only a change requires another reconcile
   * @throws if the API server has rejected a request: the reconcile is retried
   */
  function nextReconcileMs(
    accessKey: AccessKeyRecord,
    outcome: PlanOutcome,
    memory: Memory,
    at: number,
  ): number | undefined {
    const nextStep = nextStepAt({ accessKey, outcome, warningDays, now: at });
    const problemForMs = performance.now() - (memory.problemSince ?? performance.now());
    const pending = { outcome, problemForMs, untilDeadlineMs: nextStep && nextStep - at };
    const error = errorOf(outcome);
    if (error) throw retryOf(error, pending);
    const untilOverrideStepMs = nextOverrideStepMs(memory.overrides, performance.now());
    return requeueAfterMs({ ...pending, untilOverrideStepMs });
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

  const unsubscribers = [
    enqueueChanges(caches, guardrails, queue.add),
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

function unseenSecrets(accessKey: AccessKeyRecord, applied: PlanOutcome, versionOf: VersionOf): Unseen {
  const secrets = writtenSecrets(accessKey, applied, versionOf, performance.now());
  return secrets ? { secrets } : {};
}

/**
 * debug for a stale cache, to which the newer object is about to arrive, and for lost leadership: both are expected.
 */
function levelOf(error: unknown): 'debug' | 'warn' {
  return error instanceof StaleCacheError || error instanceof NotLeaderError ? 'debug' : 'warn';
}

/** Namespaces take turns, so that one with many AccessKeys or edits does not delay the others. */
function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function subjectOf({ namespace, name, uid, resourceVersion }: AccessKeyRecord) {
  return { apiVersion: accessKeys.apiVersion, kind, namespace, name, uid, resourceVersion };
}
