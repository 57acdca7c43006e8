import { locateKubectl } from '../../../tools/go-programs/locate.ts';
import { createKubectl, requireCluster } from '../../../tools/kubectl.ts';
import { run } from '../../../tools/run-command.ts';
import type { Provider } from './provider.ts';

/** A command that loads an archive, its last argument, into the cluster, such as `k3s ctr images import`. */
const loadVariable = 'E2E_LOAD_IMAGES';

/**
 * An existing test cluster. The suite installs the operator and removes it again.
 *
 * @param kubeconfig path of the administrator's kubeconfig
 */
export function existing(kubeconfig: string, environment: NodeJS.ProcessEnv): Provider {
  const [program = '', ...args] = environment[loadVariable]?.split(' ') ?? [];
  return {
    name: 'existing',
    async available() {
      return program === ''
        ? [`${loadVariable} is not set: a command that loads an archive of images into the cluster`]
        : [];
    },
    async start(log) {
      const kubectl = await locateKubectl({ log });
      await requireCluster(createKubectl(kubectl, kubeconfig)).catch((error: Error) => {
        throw new Error(`E2E_KUBECONFIG: ${error.message}`, { cause: error });
      });
      return {
        kubeconfig,
        kubectl,
        loadImages: async (archive) => void (await run(program, [...args, archive])),
        restartKubelet: undefined,
        workers: [],
        stop: () => Promise.resolve(),
      };
    },
  };
}
