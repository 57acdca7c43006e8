import { locateBinaries } from '../../../tools/go-programs/locate.ts';
import { run } from '../../../tools/run-command.ts';
import type { Provider } from './provider.ts';

/** How images come to the cluster: a command that takes an archive as its last argument, such as `k3s ctr images import`. */
const loadVariable = 'E2E_LOAD_IMAGES';

/**
 * A cluster that is there already. It must be one for tests: the operator is installed into it and removed again.
 *
 * @param kubeconfig path, as administrator
 */
export function existing(kubeconfig: string, environment: NodeJS.ProcessEnv): Provider {
  const [program = '', ...args] = environment[loadVariable]?.split(' ') ?? [];
  return {
    name: 'existing',
    async available() {
      return program === ''
        ? [`${loadVariable} is not set: a command that gives the cluster an archive of images`]
        : [];
    },
    async start(log) {
      const { kubectl } = await locateBinaries({ log });
      return {
        kubeconfig,
        kubectl,
        loadImages: async (archive) => void (await run(program, [...args, archive])),
        restartKubelet: undefined,
        stop: () => Promise.resolve(),
      };
    },
  };
}
