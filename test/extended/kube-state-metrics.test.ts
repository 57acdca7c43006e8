/**
 * The configuration in examples/monitoring, with a real kube-state-metrics. Its ServiceAccount has the permissions that the
 * comment in the file lists, and no others.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../tools/control-plane/ports.ts';
import { deathWrapper, type Program, startProgram } from '../../tools/control-plane/program.ts';
import { untilReady } from '../../tools/control-plane/readiness.ts';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { kubeStateMetricsPrograms } from '../../tools/go-programs/program-sets.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { writeServiceAccountKubeconfig } from '../../tools/service-account.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  createNamespace,
  createPair,
  recordUse,
} from '../support/platform.ts';

const config = join(import.meta.dirname, '../../examples/monitoring/kube-state-metrics.yaml');
const expiresAt = '2099-01-02T03:04:05Z';
const inSeconds = (time = '') => Math.floor(Date.parse(time) / 1000);

let cluster: TestCluster;
let kubectl: Kubectl;
let program: Program;
let url: string;

beforeAll(async () => {
  const { 'kube-state-metrics': path } = await locatePrograms(kubeStateMetricsPrograms);
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  await cluster.startOperator();
  await createNamespace(kubectl, 'shop');
  const kubeconfig = await allowReading();
  const [port, telemetryPort] = await freePorts(2);
  url = `http://127.0.0.1:${port}`;
  program = startProgram({
    name: 'kube-state-metrics',
    path,
    arguments: [
      ...[
        `--kubeconfig=${kubeconfig}`,
        '--custom-resource-state-only',
        `--custom-resource-state-config-file=${config}`,
      ],
      ...['--host=127.0.0.1', `--port=${port}`, '--telemetry-host=127.0.0.1', `--telemetry-port=${telemetryPort}`],
    ],
    logFile: join(cluster.directory, 'kube-state-metrics.log'),
    wrapper: await deathWrapper(),
  });
  const isReady = () =>
    fetch(`${url}/metrics`).then(
      ({ ok }) => ok,
      () => false,
    );
  await untilReady(program, { isReady, dependencies: [] });
});
afterAll(async () => {
  await program?.stop();
  await cluster?.stop();
});

/** @returns the kubeconfig of a ServiceAccount with the permissions of the comment in the file */
async function allowReading(): Promise<string> {
  await kubectl.run(['create', 'serviceaccount', 'kube-state-metrics', '-n', 'shop']);
  const resources = ['accesskeys.ghippo.io', 'customresourcedefinitions.apiextensions.k8s.io'];
  const rights = ['--verb=list,watch', ...resources.map((one) => `--resource=${one}`)];
  await kubectl.run(['create', 'clusterrole', 'kube-state-metrics', ...rights]);
  const subject = ['--clusterrole=kube-state-metrics', '--serviceaccount=shop:kube-state-metrics'];
  await kubectl.run(['create', 'clusterrolebinding', 'kube-state-metrics', ...subject]);
  const file = join(cluster.directory, 'kube-state-metrics.kubeconfig');
  await writeServiceAccountKubeconfig(kubectl, file, { namespace: 'shop', name: 'kube-state-metrics' });
  return file;
}

interface Series {
  labels: Record<string, string>;
  value: number;
}

/** @returns the series of a metric, without the labels that name the kind */
async function seriesOf(name: string): Promise<Series[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split('\n').flatMap((line) => {
    const [, all = '', value] = new RegExp(`^kube_accesskey_${name}\\{(.*)\\} (\\S+)$`).exec(line) ?? [];
    if (value === undefined) return [];
    const labels = [...all.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text] as const);
    const ofKind = labels.filter(([key]) => !key.startsWith('customresource_'));
    return [{ labels: Object.fromEntries(ofKind), value: Number(value) }];
  });
}

describe('kube-state-metrics', () => {
  const main = { namespace: 'shop', accesskey: 'ann', pair: 'main', state: 'Active' };
  const spare = { ...main, pair: 'spare', state: 'Disabled' };

  test('serves the timestamps of each key pair, and conditions', async () => {
    const keyPairs = [
      { name: 'main', expiresAt },
      { name: 'spare', enabled: false },
    ];
    await createPair(kubectl, accessKeyManifest('shop', 'ann', { keyPairs }));
    await recordUse(kubectl, 'shop', 'ann');
    const { status } = await kubectl.get<AccessKeyObject>('accesskey', 'ann', '-n', 'shop');
    const [first, second] = status.keyPairs ?? [];
    await poll('the metric', async () => (await seriesOf('key_pair_last_use_timestamp_seconds')).length === 1);
    expect(await seriesOf('key_pair_last_use_timestamp_seconds')).toEqual([
      { labels: main, value: inSeconds(first?.lastUsedTime) },
    ]);
    expect(await seriesOf('key_pair_expiration_timestamp_seconds')).toEqual([
      { labels: main, value: inSeconds(expiresAt) },
    ]);
    expect(await seriesOf('key_pair_created_timestamp_seconds')).toEqual([
      { labels: main, value: inSeconds(first?.createdAt) },
      { labels: spare, value: inSeconds(second?.createdAt) },
    ]);
    expect(await seriesOf('condition')).toContainEqual({
      labels: { namespace: 'shop', accesskey: 'ann', type: 'Ready', reason: 'KeyPairsReady' },
      value: 1,
    });
  });

  test('logs no errors, although a pair may have no expiry or last use', async () => {
    const log = await readFile(program.logFile, 'utf8');
    expect(log.split('\n').filter((line) => /^E\d{4} /.test(line))).toEqual([]);
  });

  test('serves nothing more of a deleted AccessKey', async () => {
    await kubectl.run(['delete', 'accesskey', 'ann', '-n', 'shop']);
    await poll(
      'the end of its series',
      async () => (await seriesOf('key_pair_created_timestamp_seconds')).length === 0,
    );
  });
});
