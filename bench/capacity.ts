/**
 * Measures what each AccessKey takes in etcd and kube-apiserver, and computes from it what larger numbers take
 * (docs/capacity.md).
 *
 *   npm run bench:capacity -- [--access-keys 1000]
 */
import { parseArgs } from 'node:util';
import type { Transport } from '../src/kube/transport.ts';
import { createAccessKeys, createNamespaces, namespaceOf } from './access-keys.ts';
import { type BenchCluster, get, withCluster } from './cluster.ts';
import { startScaleOperator, untilSettled } from './settled.ts';
import { headOf, print, rowOf } from './tables.ts';

const { values } = parseArgs({ options: { 'access-keys': { type: 'string', default: '1000' } } });
const accessKeys = Number(values['access-keys']);
/** Key pairs of the computed rows; each AccessKey has two. */
const computedPairs = [1_000, 100_000, 1_000_000];
const eventLifetimeHours = 1;

/** Mean bytes of the objects of one AccessKey as they are stored in etcd. */
interface Sizes {
  accessKey: number;
  secret: number;
  event: number;
  /** Events of the creation of one AccessKey. */
  events: number;
}

async function main(cluster: BenchCluster): Promise<void> {
  const { admin } = cluster;
  await createNamespaces(admin);
  const operator = await startScaleOperator(cluster);
  try {
    const before = await residentMemory(admin);
    await createAccessKeys(admin, { to: accessKeys, keyPairs: ['one', 'two'], groups: ['team'], concurrency: 16 });
    const { mebibytes, writes } = await untilSettled(operator, ({ ready }) => ready === accessKeys);
    const after = await residentMemory(admin);
    const sizes = await sizesOf(admin);
    printMeasured(sizes);
    print(`writes per AccessKey ${(writes / accessKeys).toFixed(1)}, operator ${mebibytes} MiB resident`);
    print(`kube-apiserver ${(before / 2 ** 20).toFixed(0)} to ${(after / 2 ** 20).toFixed(0)} MiB resident`);
    printComputed(sizes);
  } finally {
    await operator.stop();
  }
}

async function residentMemory(admin: Transport): Promise<number> {
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await get(admin, '/metrics'))?.[1]);
}

/** etcd stores custom resources as JSON and other objects as Protocol Buffers. */
async function sizesOf(admin: Transport): Promise<Sizes> {
  const json = 'application/json';
  const protobuf = 'application/vnd.kubernetes.protobuf';
  const inFirst = `namespaces/${namespaceOf(0)}`;
  const [ours, secrets, events] = await Promise.all([
    listSize(admin, `/apis/ghippo.io/v1alpha1/${inFirst}/accesskeys`, json),
    listSize(admin, `/api/v1/${inFirst}/secrets`, protobuf),
    listSize(admin, `/api/v1/${inFirst}/events`, protobuf),
  ]);
  return { accessKey: ours.mean, secret: secrets.mean, event: events.mean, events: events.count / ours.count };
}

/** The list itself adds a few bytes per object. */
async function listSize(admin: Transport, path: string, accept: string): Promise<{ mean: number; count: number }> {
  const { items } = JSON.parse(await get(admin, path)) as { items: unknown[] };
  const answer = await admin.send({ method: 'GET', path, headers: { accept } });
  const size = (await answer.body.arrayBuffer()).byteLength;
  return { mean: size / items.length, count: items.length };
}

function printMeasured({ accessKey, secret, event, events }: Sizes): void {
  print(headOf(['object', 'bytes in etcd', 'per AccessKey']));
  print(rowOf(['AccessKey with two key pairs', accessKey.toFixed(0), 1]));
  print(rowOf(['Secret of a key pair', secret.toFixed(0), 2]));
  print(rowOf([`Event, for ${eventLifetimeHours} h`, event.toFixed(0), events.toFixed(1)]));
}

function printComputed({ accessKey, secret, event, events }: Sizes): void {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  print('');
  print(headOf(['key pairs', 'AccessKeys, MiB in etcd', 'Secrets, MiB', 'Events if all are created within 1 h, MiB']));
  for (const pairs of computedPairs) {
    const owners = pairs / 2;
    print(rowOf([pairs, mebibytes(owners * accessKey), mebibytes(pairs * secret), mebibytes(owners * events * event)]));
  }
}

await withCluster(main);
