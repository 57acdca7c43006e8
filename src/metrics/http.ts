import { Histogram, type Registry } from 'prom-client';
import type { HttpMetrics } from '../http/common/environment.ts';

/** From a remembered token to a listing that asks the cluster about many namespaces, seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of the platform API. Routes are patterns, so that no path and no name in one makes a series. */
export function createHttpMetrics(register: Registry): HttpMetrics {
  const duration = new Histogram({
    ...{ registers: [register], labelNames: ['route', 'code'] as const, buckets },
    name: 'accesskey_http_request_duration_seconds',
    help: 'How long requests to the platform API took, by pattern of the route (/* when there is none) and status',
  });
  return {
    answered: ({ route, status, seconds }) => duration.observe({ route, code: status }, seconds),
  };
}
