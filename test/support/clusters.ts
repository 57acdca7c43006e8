import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { ControlPlane } from '../../tools/control-plane/control-plane.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const namespace = 'accesskey-system';

const readDocument = () => readFile(join(root, 'docs/clusters.md'), 'utf8');

/** The commands of the first shell block in docs/clusters.md. */
async function documentedCommands(): Promise<string> {
  const text = await readDocument();
  const [, commands] = /^```sh\n([\s\S]*?)^```$/m.exec(text) ?? [];
  if (commands === undefined) throw new Error('docs/clusters.md has no commands');
  return commands;
}

/**
 * Registers a cluster with the commands of docs/clusters.md.
 *
 * @param contexts the clusters by context name, `local` and `west`
 * @param directory for the kubeconfig with both contexts
 */
export async function registerAsDocumented(contexts: Record<string, ControlPlane>, directory: string): Promise<void> {
  const file = join(directory, 'contexts.kubeconfig');
  await writeFile(file, stringify(await mergedKubeconfig(contexts)), { mode: 0o600 });
  const [{ kubectl } = { kubectl: '' }] = Object.values(contexts);
  const PATH = `${dirname(kubectl)}:${process.env.PATH}`;
  const commands = `cd "$1"\n${await documentedCommands()}`.replaceAll(
    'west.kubeconfig',
    join(directory, 'west.kubeconfig'),
  );
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands, 'bash', root], {
    env: { ...process.env, PATH, KUBECONFIG: file },
  });
}

/** @returns the output of the command with which docs/clusters.md shows the result of a registration */
export async function documentedEvents(kubectl: Kubectl): Promise<string> {
  const [, command = ''] = /`kubectl --context local (events [^`]+)`/.exec(await readDocument()) ?? [];
  return kubectl.run(command.split(' '));
}

/** One kubeconfig with a context for each cluster. */
async function mergedKubeconfig(contexts: Record<string, ControlPlane>) {
  const parts = await Promise.all(
    Object.entries(contexts).map(async ([name, { kubeconfig }]) => {
      const { clusters, users } = parse(await readFile(kubeconfig, 'utf8'));
      return { name, cluster: clusters[0].cluster, user: users[0].user };
    }),
  );
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: parts.map(({ name, cluster }) => ({ name, cluster })),
    users: parts.map(({ name, user }) => ({ name, user })),
    contexts: parts.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  };
}

/** Registers a cluster, or changes its registration. The Secret has the same name. */
export async function registerCluster(
  kubectl: Kubectl,
  name: string,
  kubeconfig: string,
  cluster = name,
): Promise<void> {
  const metadata = { name, namespace, labels: { 'ghippo.io/cluster': cluster } };
  await kubectl.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { kubeconfig } }, '--server-side');
}

/** @returns the kubeconfig in a Secret */
export async function registeredKubeconfig(kubectl: Kubectl, secret: string) {
  const { data } = await kubectl.get<{ data: { kubeconfig: string } }>('secret', secret, '-n', namespace);
  return parse(Buffer.from(data.kubeconfig, 'base64').toString('utf8'));
}

/** Events about a Secret in the operator's namespace, `reason: note`, oldest first. */
async function clusterEvents(kubectl: Kubectl, secret: string): Promise<string[]> {
  const selector = `--field-selector=involvedObject.kind=Secret,involvedObject.name=${secret}`;
  const { items } = await kubectl.get<{
    items: { reason: string; message: string; metadata: { resourceVersion: string } }[];
  }>('events', '-n', namespace, selector);
  return items
    .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map(({ reason, message }) => `${reason}: ${message}`);
}

/** How often each reason was recorded about a Secret, with the repetitions in series. */
export async function clusterEventCounts(kubectl: Kubectl, secret: string): Promise<Record<string, number>> {
  const selector = `--field-selector=involvedObject.kind=Secret,involvedObject.name=${secret}`;
  const { items } = await kubectl.get<{ items: { reason: string; series?: { count: number } }[] }>(
    'events',
    '-n',
    namespace,
    selector,
  );
  const counts: Record<string, number> = {};
  for (const { reason, series } of items) counts[reason] = (counts[reason] ?? 0) + (series?.count ?? 1);
  return counts;
}

/** Waits for an Event about a Secret whose `reason: note` has this prefix. */
export async function clusterEvent(kubectl: Kubectl, secret: string, start: string): Promise<string> {
  return poll(`the Event ${start}`, async () =>
    (await clusterEvents(kubectl, secret)).find((event) => event.startsWith(start)),
  );
}
