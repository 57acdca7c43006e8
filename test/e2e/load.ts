import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { shop } from './environment.ts';
import { images } from './images/build.ts';
import { deploymentOf, linesOf, rolledOut } from './workloads.ts';

/** A pod that sends requests to the operator continuously. */
export interface Load {
  /**
   * Runs `work` under load.
   *
   * @returns the failed requests from its beginning until a hundred requests after its end
   */
  during(work: () => Promise<void>): Promise<string[]>;
}

interface Counts {
  readonly requests: number;
  readonly failures: readonly string[];
}

/** Name of the load's Deployment. */
export const loadName = 'load';

/** Starts the load with the pair in a Secret. */
export async function startLoad(kubectl: Kubectl, secretName: string): Promise<Load> {
  const name = loadName;
  const command = await programOf(kubectl, name);
  const volumes = { '/etc/accesskey': { secret: { secretName } }, '/app': { configMap: { name } } };
  await kubectl.apply(deploymentOf({ name, image: images.tools, command, volumes }));
  await rolledOut(kubectl, shop, name);
  const counts = () =>
    poll('counts of the load', async () => JSON.parse((await linesOf(kubectl, name)).at(-1) ?? '') as Counts);
  const after = (requests: number) =>
    poll('more requests', async () => {
      const now = await counts();
      return now.requests > requests + 100 ? now : undefined;
    });
  return {
    async during(work) {
      const before = await after((await counts()).requests);
      await work();
      const { failures } = await after((await counts()).requests);
      return failures.slice(before.failures.length);
    },
  };
}

/** Stores a program of test/e2e/programs in a ConfigMap. @returns the command that runs it when mounted at /app */
export async function programOf(kubectl: Kubectl, name: string): Promise<string[]> {
  const file = `${name}.mjs`;
  const text = await readFile(join(import.meta.dirname, 'programs', file), 'utf8');
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: shop },
    data: { [file]: text },
  });
  return ['node', `/app/${file}`];
}
