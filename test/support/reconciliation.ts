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
  const { finished, outstanding } = await reconciliations(operator);
  await change();
  await untilReconciled(operator, finished + outstanding + 1);
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
export async function untilReconciled(
  operator: Pick<OperatorProcess, 'healthUrl'>,
  count: number,
  progressMs?: number,
): Promise<void> {
  const isDone = ({ finished, outstanding }: Counts) => finished >= count && outstanding === 0;
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

interface Counts {
  /** Reconciliations since the operator started. */
  readonly finished: number;
  /**
   * AccessKeys that wait or are being reconciled. A process that loses the leadership drops those that wait, so this is not
   * the difference between all that were added and all that are finished.
   */
  readonly outstanding: number;
}

async function reconciliations(operator: Pick<OperatorProcess, 'healthUrl'>): Promise<Counts> {
  const metrics = await readMetrics(operator);
  const read = (name: string) => valueIn(metrics, `workqueue_${name}{name="accesskey"}`) ?? 0;
  const finished = read('work_duration_seconds_count');
  return { finished, outstanding: read('depth') + read('queue_duration_seconds_count') - finished };
}
