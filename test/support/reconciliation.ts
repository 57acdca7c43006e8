import { setTimeout } from 'node:timers/promises';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { readMetrics, valueIn } from './metrics.ts';

/** Between two reads of the metrics while the controller makes progress, milliseconds. */
const pauseMs = 100;

/**
 * Makes a change that the controller watches, and waits until the controller has reconciled it and is idle again. Only
 * then can an assertion that nothing changed fail.
 *
 * @param change edits, creates or deletes an AccessKey, or a Secret of one
 */
export async function reconciledAfter(operator: OperatorProcess, change: () => Promise<unknown>): Promise<void> {
  const { queued } = await reconciliations(operator);
  await change();
  await untilReconciled(operator, queued + 1);
}

/**
 * Edits a label of an AccessKey, which makes the controller reconcile it, and waits until it has.
 *
 * @param key namespace/name
 */
export function reconcileAgain(operator: OperatorProcess, kubectl: Kubectl, key: string): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  const edit = ['label', 'accesskey', name, '-n', namespace, '--overwrite', `reconcile=${performance.now()}`];
  return reconciledAfter(operator, () => kubectl.run(edit));
}

/**
 * Waits until the controller has reconciled at least `count` times since the operator started, and is idle.
 *
 * @param progressMs the longest wait for the next reconciliation: many of them can take minutes on a slow machine
 */
export async function untilReconciled(operator: OperatorProcess, count: number, progressMs?: number): Promise<void> {
  const isDone = ({ queued, finished }: Counts) => finished >= count && finished === queued;
  for (let before = 0; ; ) {
    const counts = await poll(
      `${count} reconciliations and an empty queue, after ${before}`,
      async () => {
        const now = await reconciliations(operator);
        return (now.finished > before || isDone(now)) && now;
      },
      progressMs,
    );
    if (isDone(counts)) return;
    before = counts.finished;
    await setTimeout(pauseMs);
  }
}

/** Counts since the operator started. */
interface Counts {
  readonly queued: number;
  readonly finished: number;
}

async function reconciliations(operator: OperatorProcess): Promise<Counts> {
  const metrics = await readMetrics(operator);
  return {
    queued: valueIn(metrics, 'workqueue_adds_total{name="accesskey"}') ?? 0,
    finished: valueIn(metrics, 'workqueue_work_duration_seconds_count{name="accesskey"}') ?? 0,
  };
}
