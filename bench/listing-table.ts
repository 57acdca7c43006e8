import type { Total } from './alternating-load.ts';

const columns = [
  ...['Deployments', 'page', '/s', 'kube-apiserver, /s', 'ratio', 'p50, p99 ms', 'kube-apiserver, ms'],
  ...['CPU µs', 'kube-apiserver, CPU µs', 'ratio of CPU', 'errors'],
];

export const tableHead = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`].join('\n');

/** A row in Markdown. */
export function tableRow(size: number, page: string, ours: Total, theirs: Total): string {
  const [rate, theirRate] = [ours.count / ours.seconds, theirs.count / theirs.seconds];
  const [cost, theirCost] = [(1e6 * ours.used) / ours.count, (1e6 * theirs.used) / theirs.count];
  const speed = [rate.toFixed(0), theirRate.toFixed(0), (rate / theirRate).toFixed(1)];
  const costs = [cost.toFixed(0), theirCost.toFixed(0), (theirCost / cost).toFixed(1)];
  const errors = ours.errors + theirs.errors;
  return `| ${[size, page, ...speed, latencies(ours), latencies(theirs), ...costs, errors].join(' | ')} |`;
}

const latencies = ({ latency }: Total) =>
  [50, 99].map((rank) => (latency.percentile(rank) / 1e6).toFixed(1)).join(', ');
