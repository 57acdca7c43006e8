/**
 * Measures how many SubjectAccessReviews a listing needs in a cluster with many namespaces, for users with different
 * permissions: at the first call, at the second call, and after the cached decisions have expired. Runs once with
 * access.candidates: auto, which narrows down the namespaces with RoleBindings, and once with all.
 *
 * The time is relative to that of a single review, which is measured in the same run with sequential reviews.
 *
 *   npm run bench:access -- [--namespaces 5000]
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Transport } from '../src/kube/transport.ts';
import { configurationFile } from '../test/support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, listDeployments } from '../test/support/platform.ts';
import { deploymentManifest } from '../test/support/workload.ts';
import type { Kubectl } from '../tools/kubectl.ts';
import { type OperatorProcess, startOperator } from '../tools/operator-process.ts';
import { poll } from '../tools/poll.ts';
import { type BenchCluster, forEachNumber, post, withCluster } from './cluster.ts';
import { print } from './tables.ts';

/** Longer than the first call with all namespaces. */
const cacheSeconds = 10;
const concurrency = 16;
const measuredReviews = 200;
const timeoutMs = 600_000;

const { values } = parseArgs({ options: { namespaces: { type: 'string', default: '5000' } } });
const namespaces = Number(values.namespaces);

const namespaceOf = (n: number) => `bench-${String(n).padStart(5, '0')}`;

async function main({ admin, kubectl, directory, kubeconfig }: BenchCluster): Promise<void> {
  await fillCluster(admin, kubectl);
  const reviewMs = await measureReview(admin);
  print(`${namespaces} namespaces with one Deployment each; one review takes ${reviewMs.toFixed(2)} ms`);
  for (const candidates of ['auto', 'all']) await measure({ candidates, directory, kubeconfig, kubectl, reviewMs });
}

async function fillCluster(admin: Transport, kubectl: Kubectl): Promise<void> {
  await createNamespace(kubectl, 'people');
  await forEachNumber({ to: namespaces, concurrency }, async (n) => {
    const name = namespaceOf(n);
    await post(admin, '/api/v1/namespaces', { metadata: { name } });
    const { spec, ...rest } = deploymentManifest(name, 'web');
    await post(admin, `/apis/apps/v1/namespaces/${name}/deployments`, { ...rest, spec: { ...spec, replicas: 0 } });
  });
  for (const position of [0.1, 0.5, 0.9]) {
    const namespace = namespaceOf(Math.floor(namespaces * position));
    await kubectl.run(['create', 'rolebinding', 'few', '-n', namespace, '--clusterrole=view', '--user=few']);
  }
  await kubectl.run(['create', 'clusterrolebinding', 'all', '--clusterrole=view', '--user=all']);
  await poll('the controllers', () => hasSettled(kubectl), timeoutMs);
}

/** Whether the controllers have created the ConfigMap with the CA in each namespace. */
async function hasSettled(kubectl: Kubectl): Promise<boolean> {
  const selector = '--field-selector=metadata.name=kube-root-ca.crt';
  const names = await kubectl.run(['get', 'configmaps', '-A', selector, '-o', 'name']);
  return names.trim().split('\n').length >= namespaces;
}

/** @returns milliseconds per review in an idle cluster */
async function measureReview(admin: Transport): Promise<number> {
  const resourceAttributes = { verb: 'list', group: 'apps', resource: 'deployments', namespace: namespaceOf(0) };
  const spec = { user: 'few', groups: ['system:authenticated'], resourceAttributes };
  const review = () => post(admin, '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
  await review();
  const startedAt = performance.now();
  for (let count = 0; count < measuredReviews; count += 1) await review();
  return (performance.now() - startedAt) / measuredReviews;
}

interface MeasureOptions {
  candidates: string;
  directory: string;
  kubeconfig: string;
  kubectl: Kubectl;
  /** Milliseconds per review. */
  reviewMs: number;
}

async function measure({ candidates, directory, kubeconfig, kubectl, reviewMs }: MeasureOptions): Promise<void> {
  const config = join(directory, `${candidates}.yaml`);
  await writeFile(config, configurationFile({ access: { cacheSeconds, candidates } }));
  const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config]);
  try {
    await operator.ready();
    for (const user of ['few', 'all', 'none']) {
      const token = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', user)));
      for (const call of ['first', 'second', 'after the cache time']) {
        if (call === 'after the cache time') await sleep(cacheSeconds * 1_000);
        const { reviews, durationMs, status } = await listOnce(operator, token);
        const ratio = (durationMs / reviewMs).toFixed(1);
        print(`| ${candidates} | ${user} | ${call} | ${status} | ${reviews} | ${ratio} |`);
      }
    }
  } finally {
    await operator.stop();
  }
}

async function listOnce(operator: OperatorProcess, token: string) {
  const before = await reviewsOf(operator);
  const startedAt = performance.now();
  const response = await listDeployments(operator.url, token);
  await response.text();
  const durationMs = performance.now() - startedAt;
  return { reviews: (await reviewsOf(operator)) - before, durationMs, status: response.status };
}

async function reviewsOf({ healthUrl }: OperatorProcess): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const results = text.matchAll(/^accesskey_access_reviews_total\{.*\} (\d+)$/gm);
  return [...results].reduce((sum, [, value]) => sum + Number(value), 0);
}

await withCluster(main);
