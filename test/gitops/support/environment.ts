/** A cluster without the operator, a git repository with the project's manifests, and an operator as a process. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '../../../tools/control-plane/control-plane.ts';
import { createRepository, type Repository } from '../../../tools/gitops/repository.ts';
import { writeOperatorKubeconfig } from '../../../tools/install.ts';
import { createKubectl, type Kubectl } from '../../../tools/kubectl.ts';
import { type OperatorProcess, startOperator } from '../../../tools/operator-process.ts';
import { configurationFile } from '../../support/cluster.ts';
import { startLeakCheck } from '../../support/leak-check.ts';

export const root = join(import.meta.dirname, '../../..');

const examples = join(root, 'examples/gitops');

/** The configuration in the manifests. */
export const configurationPath = 'manifests/base/config.yaml';

export interface GitopsEnvironment {
  /** kubectl as the administrator. */
  readonly kubectl: Kubectl;
  readonly repository: Repository;
  /**
   * Starts an operator with the permissions of the installed ServiceAccount. It replaces the pods, which the simulated
   * node only pretends to run.
   */
  startOperator(): Promise<OperatorProcess>;
  stopOperator(): Promise<void>;
  /**
   * Stops everything.
   *
   * @throws Error if output, metrics, Events, AccessKeys or Leases contain an sk or a token
   */
  stop(): Promise<void>;
}

export async function startEnvironment(): Promise<GitopsEnvironment> {
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-gitops-'));
  const repository = await createRepository(directory);
  await seed(repository);
  const controlPlane = await startControlPlane({ workloads: true });
  const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
  const leakCheck = await startLeakCheck(controlPlane, kubectl);
  const operators: OperatorProcess[] = [];

  return {
    kubectl,
    repository,
    async startOperator() {
      const [kubeconfig, config] = [join(directory, 'operator.kubeconfig'), join(directory, 'config.yaml')];
      await writeOperatorKubeconfig(kubectl, kubeconfig);
      await writeFile(config, configurationFile({}));
      const operator = await startOperator(['--kubeconfig', kubeconfig, '--config', config]);
      operators.push(operator);
      await operator.ready();
      return operator;
    },
    stopOperator: async () => void (await operators.at(-1)?.stop()),
    async stop() {
      try {
        await leakCheck.finish(operators);
      } finally {
        await controlPlane.stop();
        await repository.stop();
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/** Commits what the examples expect in the repositories of the operator and of the platform, which are one here. */
async function seed(repository: Repository): Promise<void> {
  const copy = (from: string, to: string) => cp(join(root, from), join(repository.directory, to), { recursive: true });
  for (const folder of ['manifests', 'crds', 'charts']) await copy(folder, folder);
  await copy('examples/gitops/accesskeys', 'accesskeys');
  for (const name of await readdir(join(examples, 'argocd/apps'))) {
    await repository.commit({ [`argocd/apps/${name}`]: await readExample(`argocd/apps/${name}`, repository) });
  }
}

/** Returns the text of an example with the address of this repository. */
export async function readExample(path: string, repository: Repository): Promise<string> {
  const text = await readFile(join(examples, path), 'utf8');
  return text.replaceAll(/https:\/\/git\.example\.org\/[\w-]+\.git/g, repository.url);
}
