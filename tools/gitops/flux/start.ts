/** Starts Flux's kustomize-controller outside the cluster. artifacts.ts replaces source-controller. */
import { join } from 'node:path';
import { logToStandardError } from '../../cache.ts';
import { createFleet } from '../../control-plane/fleet.ts';
import { freePorts } from '../../control-plane/ports.ts';
import { locatePrograms } from '../../go-programs/locate.ts';
import { kustomizeControllerPrograms, type PinnedModule } from '../../go-programs/program-sets.ts';
import type { Kubectl } from '../../kubectl.ts';
import { writeServiceAccountKubeconfig } from '../../service-account.ts';
import { startComponents } from '../components.ts';
import { installCustomResources } from '../custom-resources.ts';
import { type Artifacts, startArtifacts } from './artifacts.ts';
import { kustomizeController } from './components.ts';
import { controllerAccount, fluxObjects } from './objects.ts';

/** Building source-controller needs a module that not every module proxy has; its CRDs only need its own module. */
const sourceController: PinnedModule = {
  moduleDirectory: join(import.meta.dirname, '../source-controller'),
  versionOf: 'github.com/fluxcd/source-controller',
  cacheName: 'source-controller',
};

/** Folder in both modules. */
const crds = 'config/crd';

export interface Flux extends Pick<Artifacts, 'publish'> {
  stop(): Promise<void>;
}

/**
 * Installs the CustomResourceDefinitions of Flux and starts it, with the permissions of its own installation.
 *
 * @param kubectl as the administrator
 * @throws Error if the program cannot be built or does not start; everything is stopped in this case
 */
export async function startFlux(kubectl: Kubectl): Promise<Flux> {
  const { 'kustomize-controller': path } = await locatePrograms(kustomizeControllerPrograms);
  const fleet = await createFleet(logToStandardError);
  try {
    await installCustomResources(kubectl, sourceController, crds, ['gitrepositories.source.toolkit.fluxcd.io']);
    const names = ['kustomizations.kustomize.toolkit.fluxcd.io'];
    await installCustomResources(kubectl, kustomizeControllerPrograms, crds, names);
    await kubectl.apply(fluxObjects);
    const kubeconfig = join(fleet.directory, 'kubeconfig');
    await writeServiceAccountKubeconfig(kubectl, kubeconfig, controllerAccount);
    const [metrics = 0, health = 0] = await freePorts(2);
    const { directory } = fleet;
    const layout = { directory, kustomizeController: path, kubeconfig, ports: { metrics, health } };
    await startComponents(fleet, [kustomizeController(layout)]);
    const artifacts = await startArtifacts(kubectl);
    const stop = async () => {
      await fleet.stop();
      await artifacts.stop();
    };
    return { publish: artifacts.publish, stop };
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}
