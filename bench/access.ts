/**
 * What a listing costs in SubjectAccessReviews in a cluster of many namespaces, for users with few rights: the first
 * call, the second, and one after the decisions have run out. Once with the candidates that the RoleBindings name, once
 * with every namespace asked about.
 *
 * The time is compared with that of one review, which is measured in the same run, one after another.
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
import { type BenchCluster, each, post, withCluster } from './cluster.ts';

/** Long enough for a first call with every namespace. */
const cacheSeconds = 10;
const fillers = 16;
const measuredReviews = 200;
const patienceMs = 600_000;

const { values } = parseArgs({ options: { namespaces: { type: 'string', default: '5000' } } });
const namespaces = Number(values.namespaces);

const say = (line: string) => process.stdout.write(`${line}\n`);
const namespaceOf = (n: number) => `bench-${String(n).padStart(5, '0')}`;

async function main({ admin, kubectl, directory, kubeconfig }: BenchCluster): Promise<void> {
  await fill(admin, kubectl);
  const milliseconds = await measureReview(admin);
  say(`${namespaces} namespaces with one Deployment each; one review takes ${milliseconds.toFixed(2)} ms`);
  for (const candidates of ['auto', 'all']) await measure({ candidates, directory, kubeconfig, kubectl, milliseconds });
}

async function fill(admin: Transport, kubectl: Kubectl): Promise<void> {
  await createNamespace(kubectl, 'people');
  await each({ to: namespaces, inFlight: fillers }, async (n) => {
    const name = namespaceOf(n);
    await post(admin, '/api/v1/namespaces', { metadata: { name } });
    const { spec, ...rest } = deploymentManifest(name, 'web');
    await post(admin, `/apis/apps/v1/namespaces/${name}/deployments`, { ...rest, spec: { ...spec, replicas: 0 } });
  });
  for (const part of [0.1, 0.5, 0.9]) {
    const where = namespaceOf(Math.floor(namespaces * part));
    await kubectl.run(['create', 'rolebinding', 'few', '-n', where, '--clusterrole=view', '--user=few']);
  }
  await kubectl.run(['create', 'clusterrolebinding', 'all', '--clusterrole=view', '--user=all']);
  await poll('the controllers to be done', () => hasSettled(kubectl), patienceMs);
}

/** Whether each namespace has what the controllers put there, the certificates of the cluster. */
async function hasSettled(kubectl: Kubectl): Promise<boolean> {
  const selector = '--field-selector=metadata.name=kube-root-ca.crt';
  const names = await kubectl.run(['get', 'configmaps', '-A', selector, '-o', 'name']);
  return names.trim().split('\n').length >= namespaces;
}

/** @returns milliseconds of one review, when nothing else is asked */
async function measureReview(admin: Transport): Promise<number> {
  const resourceAttributes = { verb: 'list', group: 'apps', resource: 'deployments', namespace: namespaceOf(0) };
  const spec = { user: 'few', groups: ['system:authenticated'], resourceAttributes };
  const once = () => post(admin, '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
  await once();
  const since = performance.now();
  for (let times = 0; times < measuredReviews; times += 1) await once();
  return (performance.now() - since) / measuredReviews;
}

interface Measuring {
  candidates: string;
  directory: string;
  kubeconfig: string;
  kubectl: Kubectl;
  /** Of one review. */
  milliseconds: number;
}

async function measure({ candidates, directory, kubeconfig, kubectl, milliseconds }: Measuring): Promise<void> {
  const config = join(directory, `${candidates}.yaml`);
  await writeFile(config, configurationFile({ access: { cacheSeconds, candidates } }));
  const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config]);
  try {
    await operator.ready();
    for (const user of ['few', 'all', 'none']) {
      const token = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', user)));
      for (const call of ['first', 'second', 'after the cache time']) {
        if (call === 'after the cache time') await sleep(cacheSeconds * 1_000);
        const { reviews, took, status } = await listOnce(operator, token);
        const ratio = (took / milliseconds).toFixed(1);
        say(`| ${candidates} | ${user} | ${call} | ${status} | ${reviews} | ${ratio} |`);
      }
    }
  } finally {
    await operator.stop();
  }
}

async function listOnce(operator: OperatorProcess, token: string) {
  const before = await reviewsOf(operator);
  const since = performance.now();
  const answer = await listDeployments(operator.url, token);
  await answer.text();
  const took = performance.now() - since;
  return { reviews: (await reviewsOf(operator)) - before, took, status: answer.status };
}

async function reviewsOf({ healthUrl }: OperatorProcess): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const results = text.matchAll(/^accesskey_access_reviews_total\{.*\} (\d+)$/gm);
  return [...results].reduce((sum, [, value]) => sum + Number(value), 0);
}

await withCluster(main);
