/** Measures the CPU cost of a page and the memory per Deployment in this process, without network or control plane. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFilter } from '../src/deployments/filter.ts';
import { listDeployments, serializePage } from '../src/deployments/listing.ts';
import { createDeploymentTransform } from '../src/deployments/record.ts';
import { createDeploymentStore, type DeploymentStore } from '../src/deployments/store.ts';
import { parseLabelSelector } from '../src/selector/label-selector.ts';
import { deployment, namespaceOf } from './listing-cluster.ts';

const pages = 20_000;
const filteredPages = 200;

/**
 * Returns a Deployment as from the API server, without managed fields. It is parsed from JSON, so that no strings are
 * shared.
 */
function receivedDeployment(n: number) {
  const template = deployment(n);
  const metadata = {
    ...template.metadata,
    namespace: namespaceOf(n),
    resourceVersion: String(n),
    uid: crypto.randomUUID(),
  };
  return JSON.parse(JSON.stringify({ ...template, metadata, status: {} }));
}

function filledStore(size: number): DeploymentStore {
  const store = createDeploymentStore();
  const toRecord = createDeploymentTransform('cluster');
  for (let n = 0; n < size; n += 1) store.upsert(toRecord(receivedDeployment(n)));
  return store;
}

/** @returns CPU time of a page of ten in microseconds */
function costOf(store: DeploymentStore, query: Partial<Parameters<typeof listDeployments>[1]>, count: number): number {
  const whole = { page: 1, pageSize: 10, by: 'namespace', descending: false, ...query } as const;
  const renderPage = () => serializePage(listDeployments([{ store, namespaces: 'all' }], whole));
  for (let index = 0; index < count / 10; index += 1) renderPage(); // warm-up
  const before = process.cpuUsage();
  let length = 0;
  for (let index = 0; index < count; index += 1) length += Buffer.byteLength(renderPage());
  const { user, system } = process.cpuUsage(before);
  if (length === 0) throw new Error('the pages are empty');
  return (user + system) / count;
}

/** Returns the function that collects garbage, without the need for a flag of node. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Returns a table with a row for each number of Deployments. */
export function costTable(sizes: readonly number[]): string[] {
  const collectGarbage = garbageCollector();
  const labels = parseLabelSelector('team=team-7');
  const rows = sizes.map((size) => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const store = filledStore(size);
    collectGarbage();
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
    '| Deployments | µs per page: first | in the middle | by creation | labelSelector | MiB of heap per 1,000 Deployments |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
}
