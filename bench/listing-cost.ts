/** Measures the CPU cost of a page and the memory per Deployment in this process, without network or control plane. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { conditionsOf, type Filter } from '../src/deployments/filter.ts';
import { listDeployments, type Query, serializePage } from '../src/deployments/listing.ts';
import { createDeploymentTransform } from '../src/deployments/record.ts';
import { createDeploymentStore, type DeploymentStore } from '../src/deployments/store.ts';
import { parseLabelSelector } from '../src/selector/label-selector.ts';
import { deployment, namespaceOf } from './listing-cluster.ts';
import { headOf, rowOf } from './tables.ts';

const pages = 20_000;
const filteredPages = 300;
const batches = 10;

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

/**
 * Takes the minimum of several batches, because other work on the machine evicts the CPU caches.
 *
 * @returns CPU time of a page of ten in microseconds
 */
function costOf(store: DeploymentStore, query: (n: number) => Partial<Query>, count: number): number {
  let next = 0;
  const renderPage = () => {
    const whole = { page: 1, pageSize: 10, by: 'namespace', descending: false, ...query(next++) } as const;
    return serializePage(listDeployments([{ store, namespaces: 'all' }], whole)).join('');
  };
  for (let index = 0; index < count / 10; index += 1) renderPage(); // warm-up
  const batch = () => {
    const before = process.cpuUsage();
    for (let index = 0; index < count / batches; index += 1) {
      if (renderPage() === '') throw new Error('the page is empty');
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (count / batches);
  };
  return Math.min(...Array.from({ length: batches }, batch));
}

/** Returns the function that collects garbage, without the need for a flag of node. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** The parts of a page's cost that depend on the filter. `n` differs in each request. */
const filters: Readonly<Record<string, (n: number) => Filter>> = {
  'one label, cached': () => ({ labels: parseLabelSelector('team=team-7') }),
  'one label, each differs': (n) => ({ labels: parseLabelSelector(`app=app-${n}`) }),
  'two labels, each differs': (n) => ({ labels: parseLabelSelector(`team=team-7,app!=app-${n}`) }),
  'not equal, each differs': (n) => ({ labels: parseLabelSelector(`app!=app-${n}`) }),
  'unknown label, each differs': (n) => ({ labels: parseLabelSelector(`missing-${n}`) }),
  'fuzzyName, each differs': (n) => ({ fuzzyName: `p-${n}` }),
  'fuzzyName, matches nothing': (n) => ({ fuzzyName: `none-${n}` }),
};

/** Returns tables with a row for each number of Deployments. */
export function costTables(sizes: readonly number[]): string[] {
  const collectGarbage = garbageCollector();
  const usedHeap = () => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / 2 ** 20;
  };
  const rows = sizes.map((size) => {
    const empty = usedHeap();
    const store = filledStore(size);
    const filled = usedHeap();
    const costs = [
      costOf(store, () => ({}), pages),
      costOf(store, () => ({ page: size / 20 }), pages),
      costOf(store, () => ({ by: 'created', descending: true }), pages),
    ];
    const withOrders = usedHeap();
    const filtered = Object.values(filters).map((filter) =>
      costOf(store, (n) => ({ conditions: conditionsOf(filter(n)) }), filteredPages),
    );
    const perThousand = (mebibytes: number) => (mebibytes / size) * 1000;
    return {
      page: [size, ...costs.map((cost) => cost.toFixed(1)), perThousand(filled - empty).toFixed(2)],
      filtered: [size, ...filtered.map((cost) => cost.toFixed(0)), perThousand(usedHeap() - withOrders).toFixed(2)],
    };
  });
  const memory = 'MiB per 1,000 Deployments';
  return [
    headOf(['Deployments', 'µs per page: first', 'in the middle', 'by creation', memory]),
    ...rows.map(({ page }) => rowOf(page)),
    '',
    headOf(['Deployments', ...Object.keys(filters).map((name) => `µs per page: ${name}`), `more ${memory}`]),
    ...rows.map(({ filtered }) => rowOf(filtered)),
  ];
}
