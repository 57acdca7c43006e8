import { hasDocker } from '../../../tools/images/docker.ts';
import { startKind } from '../../../tools/kind/kind.ts';
import { unmetRequirements } from '../../../tools/single-node/requirements.ts';
import type { Provider } from './provider.ts';

const workers = 2;

/** A kind cluster with two workers, whose nodes are Docker containers. */
export function kind(environment: NodeJS.ProcessEnv): Provider {
  return {
    name: 'kind',
    async available() {
      if (await hasDocker()) return [];
      // A temporary Docker daemon takes longer than a single node, so it is started only on request.
      if (environment.E2E_PROVIDER !== 'kind') return ['the Docker daemon does not respond'];
      const unmet = await unmetRequirements();
      return unmet.map((requirement) => `the Docker daemon does not respond, and starting one ${requirement}`);
    },
    async start(log) {
      const cluster = await startKind({
        name: `accesskey-e2e-${process.pid}`,
        workers,
        image: environment.E2E_KIND_IMAGE,
        log,
      });
      return { ...cluster, restartKubelet: cluster.restartKubelets };
    },
  };
}
