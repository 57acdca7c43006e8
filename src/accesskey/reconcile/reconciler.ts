import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import type { EventContent } from '../../kube/events.ts';
import type { CurrentGuardrails } from '../guardrails/watched-guardrails.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';
import { type Accepts, needsStatus, withAcceptance } from './acceptance.ts';
import { apply } from './apply.ts';
import { applyTokens } from './apply-token.ts';
import { type BlockingSecrets, blockingNames } from './blocking-secrets.ts';
import { createMemories, keepsMessage, type Memory, problemSince, unacceptedSince, waitsForWatch } from './memory.ts';
import { nextStepAt } from './next-step.ts';
import { mayOwn, observe, versionsOf } from './observe.ts';
import type { PlanOutcome } from './outcome.ts';
import { type HeldFields, heldFields, nextOverrideStepMs, onlyFor, withOverrides } from './overrides.ts';
import { type Observed, plan } from './plan.ts';
import type { SecretTokens } from './plan-token.ts';
import { errorOf } from './problems.ts';
import { trackProgress } from './progress.ts';
import { requeueAfterMs, retryOf } from './requeue.ts';
import { createSecretApi } from './secret-api.ts';
import { statusOf, terminatingStatus } from './status.ts';
import { isSameStatus, writeStatus } from './status-writer.ts';
import { transitionEvents } from './transition-events.ts';
import { type Unseen, waitForWatchMs, watchLatencyMs, writtenSecrets } from './unseen.ts';

export interface ReconcilerOptions {
  client: KubernetesClient;
  caches: AccessKeyCaches;
  accepts: Accepts;
  blockingSecrets: Pick<BlockingSecrets, 'watch' | 'end'>;
  /** Records Events about an AccessKey. */
  record: (accessKey: AccessKeyRecord, events: readonly EventContent[]) => void;
  log: Logger;
  /** Issues the tokens that Secrets hold. */
  tokens: SecretTokens;
  /** How long before the expiry of a key pair to warn, days. */
  warningDays: readonly number[];
  /** What AccessKeys are compared with. */
  guardrails: Pick<CurrentGuardrails, 'current'>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** One reconcile of an AccessKey. */
interface Reconcile {
  observed: Observed & { held: HeldFields };
  memory: Memory;
  /** When it has started, milliseconds since the epoch. */
  at: number;
}

/**
 * Observes, plans, applies, and writes the status if it has changed.
 *
 * @returns reconciles the AccessKey with a key. Resolves with the milliseconds after which to reconcile it again, or
 * undefined if only a change requires that. Rejects if the reconcile must be retried.
 */
export function createReconciler(options: ReconcilerOptions): (key: string) => Promise<number | undefined> {
  const { client, caches, accepts, blockingSecrets, record, log, tokens, warningDays, guardrails, now } = options;
  const api = createSecretApi(client);
  const memories = createMemories();

  async function reconcile(key: string): Promise<number | undefined> {
    const accessKey = caches.accessKeys.get(key);
    if (!accessKey) {
      memories.forget(key);
      blockingSecrets.end(key);
      return undefined;
    }
    const memory = memories.of(accessKey);
    const observed = { ...observe(caches, accessKey), held: heldFields(memory.overrides, performance.now()) };
    const one = { observed, memory, at: now() };
    // The plan would be empty; only the status is to be written.
    if (observed.beingDeleted) return terminate(one);
    const cached = (name: string) => caches.secrets.get(`${accessKey.namespace}/${name}`)?.resourceVersion;
    const waitMs = waitForWatchMs(memory.unseen, accessKey, cached, performance.now());
    if (waitMs > 0) return waitMs;
    const applied = await applyAll(one);
    memory.unseen = unseenSecrets(observed, applied);
    memory.overrides = onlyFor(memory.overrides, applied);
    const overridden = withOverrides(applied, memory.overrides);
    const outcome = withAcceptance({ accessKey, outcome: overridden, accepts, now: one.at });
    blockingSecrets.watch(
      accessKey,
      blockingNames(outcome).filter((name) => cached(name) === undefined),
    );
    memory.unacceptedSince = unacceptedSince(memory, outcome, performance.now());
    // The watch reconciles again as soon as it shows the Secret. Until then, and for at most `watchLatencyMs`, the status
    // stays as it is, unless only the status can have what the Secret does not.
    if (waitsForWatch(memory, performance.now()) && !needsStatus(accessKey, outcome)) return watchLatencyMs;
    await report(one, outcome);
    memory.problemSince = problemSince(memory, outcome, performance.now());
    memories.tidy(key);
    return nextReconcileMs(one, outcome, warningDays);
  }

  /** Records the Events of what was done even if the reconcile fails. */
  async function applyAll({ observed, memory, at }: Reconcile): Promise<PlanOutcome> {
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

  /** Writes the status if it has changed. */
  async function report({ observed, memory, at }: Reconcile, outcome: PlanOutcome): Promise<void> {
    const { accessKey, userHolder } = observed;
    const status = statusOf({
      ...{ accessKey, userHolder, outcome, warningDays, now: at },
      keepsMessage: keepsMessage(memory, performance.now()),
      guardrails: guardrails.current(),
    });
    const isWritten = !isSameStatus(status, accessKey.status);
    if (isWritten) {
      await writeStatus(client, accessKey, status);
      record(accessKey, transitionEvents(accessKey, status, now()));
      memory.unseen.status = { resourceVersion: accessKey.resourceVersion, since: performance.now() };
    }
    const error = errorOf(outcome);
    if (isWritten || !error) memory.failureWrittenAt = error && performance.now();
  }

  /** Records no Event: a terminating namespace accepts none. */
  async function terminate({ observed: { accessKey }, at }: Reconcile): Promise<undefined> {
    blockingSecrets.end(accessKey.key);
    const status = terminatingStatus(accessKey, at);
    if (!isSameStatus(status, accessKey.status)) await writeStatus(client, accessKey, status);
  }

  return reconcile;
}

/** The Secrets that were written since they were observed. */
function unseenSecrets(observed: Observed, applied: PlanOutcome): Unseen {
  const before = versionsOf(observed);
  const secrets = writtenSecrets(observed.accessKey, applied, (name) => before.get(name), performance.now());
  return secrets ? { secrets } : {};
}

/**
 * @returns milliseconds; undefined if only a change requires another reconcile
 * @throws if the API server has rejected a request: the reconcile is retried
 */
function nextReconcileMs(
  { observed: { accessKey }, memory, at }: Reconcile,
  outcome: PlanOutcome,
  warningDays: readonly number[],
): number | undefined {
  const time = performance.now();
  const nextStep = nextStepAt({ accessKey, outcome, warningDays, now: at });
  const problemForMs = time - (memory.problemSince ?? time);
  const pending = { outcome, problemForMs, untilDeadlineMs: nextStep && nextStep - at };
  const error = errorOf(outcome);
  if (error) throw retryOf(error, pending);
  return requeueAfterMs({ ...pending, untilOverrideStepMs: nextOverrideStepMs(memory.overrides, time) });
}
