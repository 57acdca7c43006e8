/**
 * How long the operator takes for many AccessKeys, and how much memory: fresh, after a restart, and in a cluster full
 * of Secrets that are not its own.
 *
 * The limit to compare with is measured in the same run: a plain loop that makes as many Secrets, with as many calls
 * under way as the controller has, and does nothing else.
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
import { type BenchCluster, each, post, withCluster } from './cluster.ts';

/** As the controller's. */
const concurrency = 8;
const fillers = 32;
const patienceMs = 3_600_000;
const namespaces = 100;

const { values } = parseArgs({
  options: { 'access-keys': { type: 'string', default: '10000' }, secrets: { type: 'string', default: '50000' } },
});
const accessKeys = Number(values['access-keys']);
const secrets = Number(values.secrets);

interface Measured {
  seconds: number;
  mebibytes: number;
  writes: number;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (since: number) => (performance.now() - since) / 1000;

async function main({ admin, directory, kubeconfig }: BenchCluster): Promise<void> {
  await each({ to: namespaces, inFlight: concurrency }, (n) =>
    post(admin, '/api/v1/namespaces', { metadata: { name: namespaceOf(n) } }),
  );
  const limit = await fillWithSecrets(admin, 2 * accessKeys, concurrency, 'limit');
  say(`limit: ${2 * accessKeys} Secrets in a plain loop: ${limit.toFixed(1)} s`);
  await each({ to: accessKeys, inFlight: fillers }, (n) => createAccessKey(admin, n));
  report('fresh', await measure(kubeconfig, directory), limit);
  report('restarted', await measure(kubeconfig, directory), limit);
  const filled = await fillWithSecrets(admin, secrets, fillers, 'other');
  say(`${secrets} Secrets of others: ${filled.toFixed(1)} s`);
  report('restarted among them', await measure(kubeconfig, directory), limit);
}

function report(what: string, { seconds: took, mebibytes, writes }: Measured, limit: number): void {
  const ratio = (took / limit).toFixed(2);
  say(`${what}: settled after ${took.toFixed(1)} s (${ratio} of the limit), ${mebibytes} MiB, ${writes} writes`);
}

/** Starts an operator, waits until it has nothing to do any more, and ends it. */
async function measure(kubeconfig: string, directory: string): Promise<Measured> {
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

/** Settled: every AccessKey is Ready, each was handled once at least, and the queue has been empty for two seconds. */
async function untilSettled(operator: OperatorProcess, startedAt: number): Promise<Measured> {
  let idleSince: number | undefined;
  return poll(
    'settling',
    async () => {
      const text = await (await fetch(`${operator.healthUrl}/metrics`)).text();
      const handled = sum(text, /^controller_runtime_reconcile_total\{.*\} (\S+)$/gm);
      const ready = sum(text, /^accesskey_accesskeys\{ready="True"\} (\S+)$/gm);
      const depth = sum(text, /^workqueue_depth\{.*\} (\S+)$/gm);
      const isSettled = depth === 0 && ready === accessKeys && handled >= accessKeys;
      idleSince = isSettled ? (idleSince ?? performance.now()) : undefined;
      if (idleSince === undefined || performance.now() - idleSince < 2_000) return undefined;
      const writes = sum(text, /^rest_client_requests_total\{.*method="(?:POST|PATCH|DELETE)".*\} (\S+)$/gm);
      const mebibytes = Math.round(sum(text, /^process_resident_memory_bytes (\S+)$/gm) / 2 ** 20);
      return { seconds: (idleSince - startedAt) / 1000, mebibytes, writes };
    },
    patienceMs,
  );
}

function sum(text: string, line: RegExp): number {
  return [...text.matchAll(line)].reduce((total, [, value]) => total + Number(value), 0);
}

/** @returns seconds */
async function fillWithSecrets(admin: Transport, count: number, inFlight: number, prefix: string): Promise<number> {
  const since = performance.now();
  await each({ to: count, inFlight }, (n) =>
    post(admin, `/api/v1/namespaces/${namespaceOf(n)}/secrets`, {
      metadata: { name: `${prefix}-${n}` },
      stringData: { ak: crypto.randomUUID(), sk: crypto.randomUUID() },
    }),
  );
  return seconds(since);
}

function createAccessKey(admin: Transport, n: number): Promise<string> {
  return post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespaceOf(n)}/accesskeys`, {
    ...{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', metadata: { name: `user-${n}` } },
    spec: { user: { name: `user-${n}` }, keyPairs: [{ name: 'one' }, { name: 'two' }] },
  });
}

const namespaceOf = (n: number) => `bench-${n % namespaces}`;

await withCluster(main);
