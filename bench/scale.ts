/**
 * Measures how much time and memory the operator needs for many AccessKeys: initially, after a restart, and in a
 * cluster with many unrelated Secrets.
 *
 * Results are compared with a limit that is measured in the same run: a loop that only creates as many Secrets as there
 * are pairs, with the concurrency of the controller.
 *
 *   npm run bench:scale -- [--access-keys 10000] [--secrets 50000]
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { Transport } from '../src/kube/transport.ts';
import { type OperatorProcess, startOperator } from '../tools/operator-process.ts';
import { poll } from '../tools/poll.ts';
import { type BenchCluster, forEachNumber, post, withCluster } from './cluster.ts';

/** Concurrency of the controller. */
const controllerConcurrency = 8;
const fillConcurrency = 32;
const timeoutMs = 3_600_000;
const namespaces = 100;

const { values } = parseArgs({
  options: { 'access-keys': { type: 'string', default: '10000' }, secrets: { type: 'string', default: '50000' } },
});
const accessKeys = Number(values['access-keys']);
const secrets = Number(values.secrets);

interface Measurement {
  seconds: number;
  mebibytes: number;
  /** CPU time of the operator from its start until it settled. */
  cpuSeconds: number;
  writes: number;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

async function main({ admin, directory, kubeconfig }: BenchCluster): Promise<void> {
  await forEachNumber({ to: namespaces, concurrency: controllerConcurrency }, (n) =>
    post(admin, '/api/v1/namespaces', { metadata: { name: namespaceOf(n) } }),
  );
  const pairs = 2 * accessKeys;
  const limit = await createSecrets(admin, { count: pairs, concurrency: controllerConcurrency, prefix: 'limit' });
  print(`limit: ${pairs} Secrets in a plain loop: ${limit.toFixed(1)} s`);
  await forEachNumber({ to: accessKeys, concurrency: fillConcurrency }, (n) => createAccessKey(admin, n));
  report('fresh', await measure(kubeconfig, directory), limit);
  report('restarted', await measure(kubeconfig, directory), limit);
  const seconds = await createSecrets(admin, { count: secrets, concurrency: fillConcurrency, prefix: 'other' });
  print(`created ${secrets} unrelated Secrets: ${seconds.toFixed(1)} s`);
  report('restarted with unrelated Secrets', await measure(kubeconfig, directory), limit);
}

function report(what: string, { seconds, mebibytes, cpuSeconds, writes }: Measurement, limit: number): void {
  const ratio = (seconds / limit).toFixed(2);
  const use = `${mebibytes} MiB, ${cpuSeconds.toFixed(1)} s of CPU, ${writes} writes`;
  print(`${what}: settled after ${seconds.toFixed(1)} s (${ratio} of the limit), ${use}`);
}

/** Starts an operator, waits until it has no more work, and stops it. */
async function measure(kubeconfig: string, directory: string): Promise<Measurement> {
  const config = join(directory, 'config.yaml');
  const loopback = { address: '127.0.0.1', port: 0 };
  const kind = { apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' };
  await writeFile(
    config,
    stringify({ ...kind, http: { ...loopback, plain: true, shutdownDelaySeconds: 0 }, health: loopback }),
  );
  const startedAt = performance.now();
  const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config]);
  try {
    return await untilSettled(operator, startedAt);
  } finally {
    await operator.stop();
  }
}

/** Waits until all AccessKeys are Ready and have been reconciled, and the queue has been empty for two seconds. */
async function untilSettled(operator: OperatorProcess, startedAt: number): Promise<Measurement> {
  let idleSince: number | undefined;
  return poll(
    'the operator to settle',
    async () => {
      const text = await (await fetch(`${operator.healthUrl}/metrics`)).text();
      const reconciled = sum(text, /^controller_runtime_reconcile_total\{.*\} (\S+)$/gm);
      const ready = sum(text, /^accesskey_accesskeys\{ready="True"\} (\S+)$/gm);
      const depth = sum(text, /^workqueue_depth\{.*\} (\S+)$/gm);
      const isSettled = depth === 0 && ready === accessKeys && reconciled >= accessKeys;
      idleSince = isSettled ? (idleSince ?? performance.now()) : undefined;
      if (idleSince === undefined || performance.now() - idleSince < 2_000) return undefined;
      const writes = sum(text, /^rest_client_requests_total\{.*method="(?:POST|PATCH|DELETE)".*\} (\S+)$/gm);
      const mebibytes = Math.round(sum(text, /^process_resident_memory_bytes (\S+)$/gm) / 2 ** 20);
      const cpuSeconds = sum(text, /^process_cpu_seconds_total (\S+)$/gm);
      return { seconds: (idleSince - startedAt) / 1000, mebibytes, cpuSeconds, writes };
    },
    timeoutMs,
  );
}

function sum(text: string, line: RegExp): number {
  return [...text.matchAll(line)].reduce((total, [, value]) => total + Number(value), 0);
}

interface SecretsOptions {
  count: number;
  concurrency: number;
  prefix: string;
}

/** @returns the duration in seconds */
async function createSecrets(admin: Transport, { count, concurrency, prefix }: SecretsOptions): Promise<number> {
  const startedAt = performance.now();
  await forEachNumber({ to: count, concurrency }, (n) =>
    post(admin, `/api/v1/namespaces/${namespaceOf(n)}/secrets`, {
      metadata: { name: `${prefix}-${n}` },
      stringData: { ak: crypto.randomUUID(), sk: crypto.randomUUID() },
    }),
  );
  return (performance.now() - startedAt) / 1000;
}

function createAccessKey(admin: Transport, n: number): Promise<string> {
  return post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespaceOf(n)}/accesskeys`, {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { name: `user-${n}` },
    spec: { user: { name: `user-${n}` }, keyPairs: [{ name: 'one' }, { name: 'two' }] },
  });
}

const namespaceOf = (n: number) => `bench-${n % namespaces}`;

await withCluster(main);
