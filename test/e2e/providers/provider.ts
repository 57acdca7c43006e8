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
  /** Restarts the kubelet of a node; undefined if the provider cannot do that. */
  readonly restartKubelet: (() => Promise<void>) | undefined;
  /** Ends what start() began; a cluster that was there before stays. */
  stop(): Promise<void>;
}
