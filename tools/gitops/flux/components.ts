/** kustomize-controller with its arguments, for a run outside the cluster on loopback ports. */
import type { Component } from '../components.ts';

export interface FluxLayout {
  /** Folder for all files. */
  readonly directory: string;
  /** Path of kustomize-controller. */
  readonly kustomizeController: string;
  /** kubeconfig with the permissions of the controller. */
  readonly kubeconfig: string;
  readonly ports: { readonly metrics: number; readonly health: number };
}

/** Namespace of Flux and its objects. */
export const fluxNamespace = 'flux-system';

const loopback = '127.0.0.1';

export function kustomizeController({ directory, kustomizeController, kubeconfig, ports }: FluxLayout): Component {
  const addresses = ['--metrics-addr', `${loopback}:${ports.metrics}`, '--health-addr', `${loopback}:${ports.health}`];
  return {
    name: 'kustomize-controller',
    path: kustomizeController,
    arguments: [...addresses, '--watch-all-namespaces', '--requeue-dependency', '2s'],
    environment: {
      PATH: process.env.PATH,
      HOME: directory,
      TMPDIR: directory,
      KUBECONFIG: kubeconfig,
      RUNTIME_NAMESPACE: fluxNamespace,
    },
    port: ports.health,
  };
}
