/**
 * What a page costs, and what a Deployment takes of the memory, in this process alone: no network, no control plane.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFilter } from '../src/deployments/filter.ts';
import { listDeployments, listText } from '../src/deployments/listing.ts';
import { createDeploymentTransform } from '../src/deployments/record.ts';
import { createDeploymentStore, type DeploymentStore } from '../src/deployments/store.ts';
import { parseLabelSelector } from '../src/selector/label-selector.ts';
import { deployment, namespaceOf } from './listing-cluster.ts';

const pages = 20_000;
const filteredPages = 200;

/** The Deployment as the API server sends it, without what only it knows; parsed, so that nothing is shared. */
function received(n: number) {
  const made = deployment(n);
  const more = { namespace: namespaceOf(n), resourceVersion: String(n), uid: crypto.randomUUID() };
  return JSON.parse(JSON.stringify({ ...made, metadata: { ...made.metadata, ...more }, status: {} }));
}

function filledStore(size: number): DeploymentStore {
  const store = createDeploymentStore();
  const toRecord = createDeploymentTransform('cluster');
  for (let n = 0; n < size; n += 1) store.upsert(toRecord(received(n)));
  return store;
}

/** @returns microseconds of CPU for a page of ten */
function costOf(store: DeploymentStore, query: Partial<Parameters<typeof listDeployments>[1]>, count: number): number {
  const whole = { page: 1, pageSize: 10, by: 'namespace', descending: false, ...query } as const;
  const once = () => listText(listDeployments([{ store, namespaces: 'all' }], whole));
  for (let warm = 0; warm < count / 10; warm += 1) once();
  const before = process.cpuUsage();
  let length = 0;
  for (let index = 0; index < count; index += 1) length += Buffer.byteLength(once());
  const { user, system } = process.cpuUsage(before);
  if (length === 0) throw new Error('nothing was listed');
  return (user + system) / count;
}

/** A collector of garbage, without an argument of node. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** A row for each size: microseconds of CPU for a page, and bytes of heap for a Deployment. */
export function costTable(sizes: readonly number[]): string[] {
  const collect = collector();
  const labels = parseLabelSelector('team=team-7');
  const rows = sizes.map((size) => {
    collect();
    const before = process.memoryUsage().heapUsed;
    const store = filledStore(size);
    collect();
    const mebibytes = ((process.memoryUsage().heapUsed - before) / 2 ** 20 / size) * 1000;
    const costs = [
      costOf(store, {}, pages),
      costOf(store, { page: size / 20 }, pages),
      costOf(store, { by: 'created', descending: true }, pages),
      costOf(store, { matches: createFilter({ labels }) }, filteredPages),
    ];
    return `| ${size} | ${costs.map((cost) => cost.toFixed(1)).join(' | ')} | ${mebibytes.toFixed(2)} |`;
  });
  return [
    '| Deployments | first page, µs | in the middle | by creation | filtered | MiB of heap for 1,000 |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
}
