/** Output of the benchmarks, in particular tables in Markdown. */
import type { LoadTotal } from './alternating-load.ts';
import type { OperatorMetrics } from './bench-operator.ts';
import type { LoadResult } from './load-generator.ts';

export const print = (line: string) => process.stdout.write(`${line}\n`);

/** Returns the head of a Markdown table. */
export const headOf = (columns: readonly string[]) =>
  [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`].join('\n');
/** Returns a row of a Markdown table. */
export const rowOf = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
const list = (values: readonly number[], digits: number) => values.map((value) => value.toFixed(digits)).join(', ');

/** Result of one load of the token benchmark. */
export interface TokenRow {
  name: string;
  result: LoadResult;
  /** CPU time of all operator replicas, seconds. */
  operatorCpu: number;
  /** CPU time of the whole machine, seconds. */
  machineCpu: number;
  /** Event loop delay of the operator, milliseconds. */
  delay: OperatorMetrics['eventLoop'];
  /** Signatures per second that the machine can create, before and after the load. */
  limits: readonly [number, number];
}

export const tokenTableHead = headOf([
  'load',
  '/s',
  'limit before, after',
  'ratio',
  'p50, p99, p99.9 ms',
  'loop delay mean, p99, max ms',
  'CPU µs per response: operator + generator',
  'cores of others',
  'errors',
]);

export function tokenTableRow({ name, result, operatorCpu, machineCpu, delay, limits }: TokenRow): string {
  const { count, errors, latency, seconds, cpuSeconds } = result;
  const rate = count / seconds;
  const latencies = [50, 99, 99.9].map((rank) => latency.percentile(rank) / 1e6);
  return rowOf([
    name,
    rate.toFixed(0),
    list(limits, 0),
    (rate / ((limits[0] + limits[1]) / 2)).toFixed(2),
    list(latencies, 1),
    list([delay.mean, delay.p99, delay.max], 1),
    [operatorCpu, cpuSeconds].map((cpu) => ((1e6 * cpu) / count).toFixed(0)).join(' + '),
    ((machineCpu - operatorCpu - cpuSeconds) / seconds).toFixed(2),
    errors,
  ]);
}

/** Results of one page of the listing benchmark. */
export interface ListingRow {
  /** Number of Deployments in the cluster. */
  size: number;
  page: string;
  operator: LoadTotal;
  apiServer: LoadTotal;
}

export const listingTableHead = headOf([
  'Deployments',
  'page',
  '/s',
  'kube-apiserver, /s',
  'ratio',
  'p50, p99 ms',
  'kube-apiserver, ms',
  'CPU µs',
  'kube-apiserver, CPU µs',
  'ratio of CPU',
  'errors',
]);

export function listingTableRow({ size, page, operator, apiServer }: ListingRow): string {
  const rateOf = ({ count, seconds }: LoadTotal) => count / seconds;
  const costOf = ({ count, serverCpu }: LoadTotal) => (1e6 * serverCpu) / count;
  const latenciesOf = ({ latency }: LoadTotal) =>
    list(
      [50, 99].map((rank) => latency.percentile(rank) / 1e6),
      1,
    );
  return rowOf([
    size,
    page,
    rateOf(operator).toFixed(0),
    rateOf(apiServer).toFixed(0),
    (rateOf(operator) / rateOf(apiServer)).toFixed(1),
    latenciesOf(operator),
    latenciesOf(apiServer),
    costOf(operator).toFixed(0),
    costOf(apiServer).toFixed(0),
    (costOf(apiServer) / costOf(operator)).toFixed(1),
    operator.errors + apiServer.errors,
  ]);
}
