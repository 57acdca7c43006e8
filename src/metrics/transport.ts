import { Counter, Histogram, type Registry } from 'prom-client';
import type { TransportMetrics } from '../kube/transport-wrappers.ts';

/** Those of the Kubernetes components (k8s.io/component-base, metrics/prometheus/restclient), seconds. */
const buckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** Metrics of the requests to the API server, named as client-go's. */
export function createTransportMetrics(register: Registry): TransportMetrics {
  const registers = [register];
  const requests = new Counter({
    ...{ registers, labelNames: ['code', 'method', 'host'] as const },
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status, method and host; <error> when no answer came',
  });
  const duration = new Histogram({
    ...{ registers, labelNames: ['verb', 'host'] as const, buckets },
    name: 'rest_client_request_duration_seconds',
    help: 'How long the head of an answer of the API server took',
  });
  return {
    requested({ method, host, code, seconds }) {
      requests.inc({ code, method, host });
      duration.observe({ verb: method, host }, seconds);
    },
  };
}
