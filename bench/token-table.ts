import type { OperatorMetrics } from './bench-operator.ts';
import type { Answered } from './load-generator.ts';

/** What was measured of one load. */
export interface Row {
  name: string;
  answered: Answered;
  /** CPU time of the operator, of all replicas, seconds. */
  operatorCPU: number;
  /** CPU time of the whole machine, seconds. */
  busyFor: number;
  /** Of the operator's event loop, milliseconds. */
  delay: OperatorMetrics['eventLoop'];
  /** Signatures a second that the machine makes, before and after. */
  limits: readonly [number, number];
}

const columns = [
  'load',
  '/s',
  'limit before, after',
  'ratio',
  'p50, p99, p99.9 ms',
  'loop delay mean, p99, max ms',
  'CPU µs per answer: operator + generator',
  'cores of others',
  'errors',
];

export const tableHead = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`].join('\n');

/** A row in Markdown. */
export function tableRow({ name, answered, operatorCPU, busyFor, delay, limits }: Row): string {
  const { count, errors, latency, seconds, cpuSeconds } = answered;
  const rate = count / seconds;
  const latencies = [50, 99, 99.9].map((rank) => latency.percentile(rank) / 1e6);
  const cells = [
    name,
    rate.toFixed(0),
    list(limits, 0),
    (rate / ((limits[0] + limits[1]) / 2)).toFixed(2),
    list(latencies, 1),
    list([delay.mean, delay.p99, delay.max], 1),
    [operatorCPU, cpuSeconds].map((share) => ((1e6 * share) / count).toFixed(0)).join(' + '),
    ((busyFor - operatorCPU - cpuSeconds) / seconds).toFixed(2),
    errors,
  ];
  return `| ${cells.join(' | ')} |`;
}

const list = (values: readonly number[], digits: number) => values.map((value) => value.toFixed(digits)).join(', ');
