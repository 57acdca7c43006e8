import type { KindNode } from '../../../tools/kind/nodes.ts';

/** A source of test clusters. */
export interface Provider {
  readonly name: string;
  /** @returns the unmet requirements, one per line; empty if the provider can be used */
  available(): Promise<string[]>;
  /** Starts the cluster, or connects to it. */
  start(log: (line: string) => void): Promise<Cluster>;
}

export interface Cluster {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Loads the images of an archive (`docker save`) into every node. */
  loadImages(archive: string): Promise<void>;
  /** Restarts the kubelets of all nodes; undefined if the provider cannot do that. */
  readonly restartKubelet: (() => Promise<void>) | undefined;
  /** Nodes that tests may drain and kill; fewer than two if the provider does not offer that. */
  readonly workers: readonly KindNode[];
  /** Ends what start() began; a cluster that was there before stays. */
  stop(): Promise<void>;
}
