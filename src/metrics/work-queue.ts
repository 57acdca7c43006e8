import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WorkQueueMetrics } from '../kube/work-queue.ts';

/** As in controller-runtime (pkg/metrics/workqueue.go), seconds. */
const queueBuckets = Array.from({ length: 12 }, (_, exponent) => 10 ** (exponent - 8));
/** As in controller-runtime (pkg/internal/controller/metrics), seconds. */
const reconcileBuckets = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5],
  ...[1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60],
];

/**
 * Metrics of work queues and of the controllers that they serve, named as in controller-runtime.
 *
 * @returns a function that creates the metrics of one queue, from the name of its controller
 */
export function createWorkQueueMetrics(register: Registry): (name: string) => WorkQueueMetrics {
  const queue = queueMetrics(register);
  const controller = controllerMetrics(register);
  return (name) => {
    queue.depth.set({ name }, 0);
    for (const counter of [queue.adds, queue.retries]) counter.inc({ name }, 0);
    for (const result of ['success', 'error', 'requeue_after']) controller.total.inc({ controller: name, result }, 0);
    controller.errors.inc({ controller: name }, 0);
    return {
      depth: (keys) => queue.depth.set({ name }, keys),
      added: () => queue.adds.inc({ name }),
      retried: () => queue.retries.inc({ name }),
      started: (waitedSeconds) => queue.waited.observe({ name }, waitedSeconds),
      handled(result, seconds) {
        queue.worked.observe({ name }, seconds);
        controller.total.inc({ controller: name, result });
        if (result === 'error') controller.errors.inc({ controller: name });
        controller.time.observe({ controller: name }, seconds);
      },
    };
  };
}

function queueMetrics(register: Registry) {
  const shared = { labelNames: ['name' as const], registers: [register] };
  return {
    depth: new Gauge({ ...shared, name: 'workqueue_depth', help: 'Items that wait in the work queue' }),
    adds: new Counter({ ...shared, name: 'workqueue_adds_total', help: 'Items added to the work queue' }),
    retries: new Counter({
      ...shared,
      name: 'workqueue_retries_total',
      help: 'Items that were requeued after a failure',
    }),
    waited: new Histogram({
      ...shared,
      buckets: queueBuckets,
      name: 'workqueue_queue_duration_seconds',
      help: 'Time that an item waited in the work queue',
    }),
    worked: new Histogram({
      ...shared,
      buckets: queueBuckets,
      name: 'workqueue_work_duration_seconds',
      help: 'Duration of processing an item',
    }),
  };
}

function controllerMetrics(register: Registry) {
  const registers = [register];
  return {
    total: new Counter({
      registers,
      labelNames: ['controller', 'result'] as const,
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciliations by result',
    }),
    errors: new Counter({
      registers,
      labelNames: ['controller'] as const,
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Failed reconciliations',
    }),
    time: new Histogram({
      registers,
      labelNames: ['controller'] as const,
      buckets: reconcileBuckets,
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Duration of a reconciliation',
    }),
  };
}
