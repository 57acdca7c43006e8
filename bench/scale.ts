/**
 * Measures how much time and memory the operator needs for many AccessKeys: initially, after a restart, and in a
 * cluster with many unrelated Secrets.
 *
 * Results are compared with a limit that is measured in the same run: a loop that only creates as many Secrets as there
 * are pairs, with the concurrency of the controller. The floor is a loop that also writes the statuses, with the bodies
 * of the operator: an operator without any work of its own would need that time.
 *
 *   npm run bench:scale -- [--access-keys 10000] [--secrets 50000] [--program FILE]
 *
 * The program is the bundle by default, started as in the image; `npm run build` writes it.
 */
import { parseArgs } from 'node:util';
import type { Transport } from '../src/kube/transport.ts';
import { createAccessKeys, createNamespaces, fillConcurrency, namespaceOf, pathOf } from './access-keys.ts';
import { type BenchCluster, forEachNumber, get, patch, post, withCluster } from './cluster.ts';
import { bundle, type Progress, startOptions, startScaleOperator, type Usage, untilSettled } from './settled.ts';
import { print } from './tables.ts';

/** Concurrency of the controller. */
const controllerConcurrency = 8;
const maxFloorAccessKeys = 2000;
const keyPairs = ['one', 'two'];

const { values } = parseArgs({
  options: {
    'access-keys': { type: 'string', default: '10000' },
    secrets: { type: 'string', default: '50000' },
    program: { type: 'string', default: bundle },
  },
});
const accessKeys = Number(values['access-keys']);
const secrets = Number(values.secrets);

interface Measurement extends Usage {
  seconds: number;
}

async function main(cluster: BenchCluster): Promise<void> {
  const { admin } = cluster;
  await createNamespaces(admin);
  const pairs = keyPairs.length * accessKeys;
  const limit = await createSecrets(admin, { count: pairs, concurrency: controllerConcurrency, prefix: 'limit' });
  print(`limit: ${pairs} Secrets in a plain loop: ${limit.toFixed(1)} s`);
  await createAccessKeys(admin, { to: accessKeys, keyPairs });
  report('fresh', await measure(cluster), limit);
  const floor = await measureFloor(admin);
  print(
    `floor: the Secrets and statuses of an AccessKey take ${(floor / (limit / accessKeys)).toFixed(2)} of the limit`,
  );
  report('restarted', await measure(cluster), limit);
  if (secrets === 0) return;
  const seconds = await createSecrets(admin, { count: secrets, concurrency: fillConcurrency, prefix: 'other' });
  print(`created ${secrets} unrelated Secrets: ${seconds.toFixed(1)} s`);
  report('restarted with unrelated Secrets', await measure(cluster), limit);
}

function report(
  what: string,
  { seconds, mebibytes, heapMebibytes, cpuSeconds, writes }: Measurement,
  limit: number,
): void {
  const ratio = (seconds / limit).toFixed(2);
  const use = `${mebibytes} MiB (heap ${heapMebibytes}), ${cpuSeconds.toFixed(1)} s of CPU, ${writes} writes`;
  print(`${what}: settled after ${seconds.toFixed(1)} s (${ratio} of the limit), ${use}`);
}

/** Starts an operator, waits until all AccessKeys are Ready and have been reconciled, and stops it. */
async function measure(cluster: BenchCluster): Promise<Measurement> {
  const startedAt = performance.now();
  const operator = await startScaleOperator(cluster, startOptions(values.program));
  try {
    const isDone = ({ ready, reconciled }: Progress) => ready === accessKeys && reconciled >= accessKeys;
    const { settledAt, ...usage } = await untilSettled(operator, isDone);
    return { ...usage, seconds: (settledAt - startedAt) / 1000 };
  } finally {
    await operator.stop();
  }
}

/**
 * Creates the Secrets of further AccessKeys and writes the status that the operator wrote for the first one. No operator
 * may run.
 *
 * @returns seconds for each AccessKey
 */
async function measureFloor(admin: Transport): Promise<number> {
  const to = Math.min(accessKeys, maxFloorAccessKeys);
  const { status } = JSON.parse(await get(admin, pathOf(0)));
  const numbers = { from: accessKeys, to: accessKeys + to };
  await createAccessKeys(admin, { ...numbers, keyPairs });
  const startedAt = performance.now();
  await forEachNumber({ ...numbers, concurrency: controllerConcurrency }, async (n) => {
    for (const pair of keyPairs) await createSecret(admin, n, `floor-${pair}`);
    await patch(admin, `${pathOf(n)}/status`, { status });
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await forEachNumber({ ...numbers, concurrency: fillConcurrency }, (n) =>
    admin.send({ method: 'DELETE', path: pathOf(n) }).then((answer) => answer.body.text()),
  );
  return seconds / to;
}

interface SecretsOptions {
  count: number;
  concurrency: number;
  prefix: string;
}

/** @returns the duration in seconds */
async function createSecrets(admin: Transport, { count, concurrency, prefix }: SecretsOptions): Promise<number> {
  const startedAt = performance.now();
  await forEachNumber({ to: count, concurrency }, (n) => createSecret(admin, n, prefix));
  return (performance.now() - startedAt) / 1000;
}

function createSecret(admin: Transport, n: number, prefix: string): Promise<string> {
  return post(admin, `/api/v1/namespaces/${namespaceOf(n)}/secrets`, {
    metadata: { name: `${prefix}-${n}` },
    stringData: { ak: crypto.randomUUID(), sk: crypto.randomUUID() },
  });
}

await withCluster(main);
