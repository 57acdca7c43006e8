import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { readMetrics, valueIn } from './metrics.ts';

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

/** Waits until the controller has reconciled at least `count` times since the operator started, and is idle. */
export async function untilReconciled(operator: OperatorProcess, count: number, withinMs?: number): Promise<void> {
  const isIdle = async () => {
    const { queued, finished } = await reconciliations(operator);
    return finished >= count && finished === queued;
  };
  await poll(`${count} reconciliations and an empty queue`, isIdle, withinMs);
}

/** Counts since the operator started; they are equal when the controller is idle. */
async function reconciliations(operator: OperatorProcess): Promise<{ queued: number; finished: number }> {
  const metrics = await readMetrics(operator);
  return {
    queued: valueIn(metrics, 'workqueue_adds_total{name="accesskey"}') ?? 0,
    finished: valueIn(metrics, 'workqueue_work_duration_seconds_count{name="accesskey"}') ?? 0,
  };
}
