/**
 * Measures how long a user waits for a change: from the creation of a single AccessKey until it is Ready, and from
 * disabling a key pair until the status shows it, while the operator works on a backlog of new AccessKeys.
 *
 * The first is compared with the time that kube-apiserver needs to create the AccessKey, measured in the same requests.
 *
 *   npm run bench:latency -- [--samples 300] [--backlog 10000] [--program FILE]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { OperatorProcess } from '../tools/operator-process.ts';
import { poll } from '../tools/poll.ts';
import { collectionOf, createAccessKeys, createNamespace, createNamespaces, manifestOf } from './access-keys.ts';
import { type BenchCluster, patch, post, withCluster } from './cluster.ts';
import { bundle, startOptions, startScaleOperator } from './settled.ts';
import { type StatusWatch, watchStatuses } from './status-watch.ts';
import { print } from './tables.ts';

/** Key pairs are disabled at this interval, milliseconds, whether or not the status shows the former ones. */
const disableIntervalMs = 50;
/** Less than the connections of the transport, so that the changes do not wait for one. */
const fillConcurrency = 16;
const namespace = 'latency';
const path = collectionOf(namespace);

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '300' },
    backlog: { type: 'string', default: '10000' },
    program: { type: 'string', default: bundle },
  },
});
const samples = Number(values.samples);
const backlog = Number(values.backlog);

async function main(cluster: BenchCluster): Promise<void> {
  await createNamespaces(cluster.admin);
  await createNamespace(cluster.admin, namespace);
  const operator = await startScaleOperator(cluster, startOptions(values.program));
  const statuses = await watchStatuses(cluster.admin, path);
  try {
    await operator.ready();
    await measureReady(cluster, statuses);
    await measureDisabled(cluster, statuses, operator);
  } finally {
    await statuses.stop();
    await operator.stop();
  }
}

/** Creates AccessKeys one after the other, with one key pair each. */
async function measureReady({ admin }: BenchCluster, statuses: StatusWatch): Promise<void> {
  const created: number[] = [];
  const ready: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    const startedAt = performance.now();
    const shown = statuses.until(nameOf(n), ({ conditions }) =>
      Boolean(conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')),
    );
    await post(admin, path, manifestOf(nameOf(n), { keyPairs: ['one'] }));
    created.push(performance.now() - startedAt);
    ready.push((await shown) - startedAt);
  }
  print(`create: ${percentiles(created)}`);
  print(`create until Ready: ${percentiles(ready)}`);
  const ratio = percentile(ready, 99) / percentile(created, 99);
  print(`Ready relative to the create, at p99: ${ratio.toFixed(2)}`);
}

/** Disables the key pairs of the AccessKeys of `measureReady`, while new AccessKeys are created as fast as possible. */
async function measureDisabled(cluster: BenchCluster, statuses: StatusWatch, operator: OperatorProcess): Promise<void> {
  const startedAt = performance.now();
  const filling = { to: backlog, keyPairs: ['one', 'two'], concurrency: fillConcurrency };
  const created = createAccessKeys(cluster.admin, filling);
  await poll('a backlog', async () => (await depthOf(operator)) >= Math.min(backlog / 20, 500), 600_000);
  const delays: Promise<Disabled>[] = [];
  const depths: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    delays.push(disable(cluster, statuses, nameOf(n)));
    if (n % 10 === 0) depths.push(await depthOf(operator));
    await sleep(disableIntervalMs);
  }
  const times = await Promise.all(delays);
  depths.push(await depthOf(operator));
  await created;
  const from = ((performance.now() - startedAt) / 1000).toFixed(1);
  print(`backlog of ${backlog}, created and measured in ${from} s`);
  print(`disable, until it is answered: ${percentiles(times.map(({ patched }) => patched))}`);
  print(
    `disable, from the answer until the status: ${percentiles(times.map(({ patched, shown }) => shown - patched))}`,
  );
  print(`disable until status: ${percentiles(times.map(({ shown }) => shown))}`);
  print(`waiting keys meanwhile: ${Math.min(...depths)} to ${Math.max(...depths)}`);
}

/** Milliseconds from sending the patch until it was answered, and until the watch shows the new state. */
interface Disabled {
  patched: number;
  shown: number;
}

async function disable({ admin }: BenchCluster, statuses: StatusWatch, name: string): Promise<Disabled> {
  const startedAt = performance.now();
  const shown = statuses.until(name, ({ keyPairs }) => keyPairs?.[0]?.state === 'Disabled');
  await patch(admin, `${path}/${name}`, { spec: { keyPairs: [{ name: 'one', enabled: false }] } });
  const patched = performance.now() - startedAt;
  return { patched, shown: (await shown) - startedAt };
}

async function depthOf({ healthUrl }: OperatorProcess): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  return Number(/^workqueue_depth\{name="accesskey"\} (\S+)$/m.exec(text)?.[1]);
}

const nameOf = (n: number) => `sample-${n}`;

function percentile(times: readonly number[], rank: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.ceil((rank / 100) * sorted.length) - 1] ?? Number.NaN;
}

function percentiles(times: readonly number[]): string {
  const list = [50, 90, 99].map((rank) => `p${rank} ${percentile(times, rank).toFixed(1)}`).join(', ');
  return `${list}, max ${Math.max(...times).toFixed(1)} ms (${times.length} samples)`;
}

await withCluster(main);
