/** How the handling of a key ended, in the words of controller-runtime. */
export type HandleResult = 'success' | 'error' | 'requeue_after';

/** What a work queue tells of itself, at the moments at which client-go's tells it (util/workqueue, MetricsProvider). */
export interface WorkQueueMetrics {
  /** How many keys wait now. */
  depth(keys: number): void;
  /** A key was added that did not wait yet. */
  added(): void;
  /** A key that failed is to be tried again. */
  retried(): void;
  /** A key is taken up, after it waited so long. */
  started(waitedSeconds: number): void;
  /** A key was handled, in so long. */
  handled(result: HandleResult, seconds: number): void;
}

/** For a queue that nobody measures. */
export const unmeasured: WorkQueueMetrics = {
  depth: () => undefined,
  added: () => undefined,
  retried: () => undefined,
  started: () => undefined,
  handled: () => undefined,
};
