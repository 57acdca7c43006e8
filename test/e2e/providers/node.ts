import { unmetRequirements } from '../../../tools/single-node/requirements.ts';
import { startSingleNode } from '../../../tools/single-node/single-node.ts';
import type { Provider } from './provider.ts';

/** A real node on this machine, built from Debian packages and Go modules. */
export const node: Provider = {
  name: 'node',
  available: unmetRequirements,
  async start(log) {
    const { kubeconfig, kubectl, loadImage, restartKubelet, stop } = await startSingleNode({ log });
    return { kubeconfig, kubectl, loadImages: loadImage, restartKubelet, workers: [], stop };
  },
};
