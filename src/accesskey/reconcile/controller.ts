import { describeError, NotLeaderError, retryAfterOf } from '../../kube/errors.ts';
import type { EventContent, EventRecorder } from '../../kube/events.ts';
import type { Transport } from '../../kube/transport.ts';
import { createWorkQueue, type WorkQueueOptions } from '../../kube/work-queue.ts';
import type { CurrentGuardrails } from '../guardrails/watched-guardrails.ts';
import { type AccessKeyRecord, accessKeys, kind } from '../model/access-key-record.ts';
import { isTerminating } from '../model/caches.ts';
import { createBlockingSecrets } from './blocking-secrets.ts';
import { enqueueChanges } from './enqueue.ts';
import { createReconciler, type ReconcilerOptions } from './reconciler.ts';
import { StaleCacheError } from './secret-errors.ts';
import { deletionEvents } from './transition-events.ts';

const concurrency = 8;
/** Edits and deletions that are reconciled in addition while the backlog occupies `concurrency`. */
const reserve = 2;
const backoff = { baseMs: 200, maxMs: 60_000 };

export interface ControllerOptions extends Omit<ReconcilerOptions, 'blockingSecrets' | 'record'> {
  /** For watches; the client writes. */
  transport: Transport;
  recorder: EventRecorder;
  guardrails: CurrentGuardrails;
  metrics?: WorkQueueOptions['metrics'];
}

/**
 * Starts reconciling. Each change in the caches adds the affected AccessKeys to a work queue, which reconciles them. Call
 * it once the caches are filled.
 *
 * @returns a function that stops reconciling and resolves when no reconcile is running
 */
export function startController(options: ControllerOptions): () => Promise<void> {
  const { transport, caches, recorder, log, guardrails, now, metrics } = options;
  const queue = createWorkQueue({
    concurrency,
    reserve,
    groupOf: namespaceIn,
    backoff,
    handle: (key) => reconcile(key),
    onFailure(key, error) {
      log[levelOf(error)]({ accessKey: key, reason: describeError(error) }, 'reconcile failed, will retry');
      return retryAfterOf(error);
    },
    ...(metrics && { metrics }),
  });
  const blockingSecrets = createBlockingSecrets({ transport, log, onChange: queue.add });
  const record = (accessKey: AccessKeyRecord, events: readonly EventContent[]) => {
    for (const event of events) recorder.record(subjectOf(accessKey), event);
  };
  const reconcile = createReconciler({ ...options, blockingSecrets, record });
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
