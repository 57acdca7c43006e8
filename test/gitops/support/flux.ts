import { fluxNamespace as namespace } from '../../../tools/gitops/flux/components.ts';
import { startFlux } from '../../../tools/gitops/flux/start.ts';
import type { Kubectl } from '../../../tools/kubectl.ts';
import { type GitopsEnvironment, readExample } from './environment.ts';
import type { FolderOptions, SyncedFolder, SyncState, Tool } from './tool.ts';

const kind = 'kustomization.kustomize.toolkit.fluxcd.io';

/** Starts Flux. */
export async function openFlux({ kubectl, repository }: GitopsEnvironment): Promise<Tool> {
  const flux = await startFlux(kubectl);
  const named = (name: string) => kustomizationNamed(kubectl, name, () => flux.publish(repository));
  const operator = named('accesskey-operator');
  return {
    async installExamples() {
      for (const file of ['flux/access.yaml', 'flux/kustomization.yaml']) {
        await kubectl.run(['apply', '-f', '-'], await readExample(file, repository));
      }
      await flux.publish(repository);
      return { operator, accessKeys: named('accesskeys') };
    },
    async useManifests(path) {
      const patch = JSON.stringify({ spec: { path: `./${path}` } });
      await kubectl.run(['patch', kind, operator.name, '-n', namespace, '--type=merge', '-p', patch]);
      return repository.commit({});
    },
    removeOperator: operator.remove,
    async deploy(options) {
      await kubectl.apply(kustomization(options));
      return named(options.name);
    },
    stop: flux.stop,
  };
}

function kustomization({ name, path }: FolderOptions): object {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
    spec: {
      interval: '10m',
      retryInterval: '3s',
      sourceRef: { kind: 'GitRepository', name: 'platform' },
      path: `./${path}`,
      prune: true,
      wait: true,
      timeout: '20s',
    },
  };
}

/** The fields of a Kustomization that tests use. */
interface Kustomization {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly lastAttemptedRevision?: string;
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  };
}

const healthByReady: Readonly<Record<string, string>> = { True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' };

/** Returns the Kustomization with this name, which may not exist yet. */
function kustomizationNamed(kubectl: Kubectl, name: string, publish: () => Promise<void>): SyncedFolder {
  return {
    name,
    async refresh() {
      await publish();
      const annotation = `reconcile.fluxcd.io/requestedAt=${Date.now()}`;
      await kubectl.run(['annotate', kind, name, '-n', namespace, annotation, '--overwrite']);
    },
    state: async () => stateOf(await kubectl.get<Kustomization>(kind, name, '-n', namespace)),
    remove: async () => void (await kubectl.run(['delete', kind, name, '-n', namespace, '--timeout=90s'])),
  };
}

function stateOf({ metadata, status = {} }: Kustomization): SyncState {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return {
    revision: status.lastAttemptedRevision?.split(':').at(-1) ?? '',
    done: ready?.status === 'True' && status.observedGeneration === metadata.generation,
    health: healthByReady[ready?.status ?? 'Unknown'] ?? 'Unknown',
    message: `${ready?.reason}: ${ready?.message}`,
  };
}
