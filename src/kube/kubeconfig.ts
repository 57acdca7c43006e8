import { KubeConfig } from '@kubernetes/client-node';

/** A kubeconfig that cannot be used. The message names the file and what is wrong with it. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/**
 * Loads a kubeconfig file, or the in-cluster configuration when no file is named.
 *
 * @throws KubeconfigError when the file cannot be read or names no usable cluster
 */
export function loadKubeconfig(file?: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  if (file === undefined) {
    kubeconfig.loadFromCluster();
    return kubeconfig;
  }
  try {
    kubeconfig.loadFromFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new KubeconfigError(`kubeconfig ${file}: ${why}`);
  }
  requireServer(kubeconfig, file);
  return kubeconfig;
}

function requireServer(kubeconfig: KubeConfig, file: string): void {
  const context = kubeconfig.getCurrentContext();
  const server = context ? kubeconfig.getCurrentCluster()?.server : undefined;
  if (!context) throw new KubeconfigError(`kubeconfig ${file}: current-context is not set`);
  if (!server) throw new KubeconfigError(`kubeconfig ${file}: context ${context} names no cluster with a server`);
  if (!URL.canParse(server)) throw new KubeconfigError(`kubeconfig ${file}: server is not a URL`);
}
