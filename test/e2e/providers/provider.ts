/** A cluster to test in, wherever it comes from. */
export interface Provider {
  readonly name: string;
  /** Why it cannot be used here, a line each; empty when it can. */
  available(): Promise<string[]>;
  /** Starts the cluster, or finds it. */
  start(log: (line: string) => void): Promise<Cluster>;
}

export interface Cluster {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Makes the images of an archive (`docker save`) known to every node. */
  loadImages(archive: string): Promise<void>;
  /** Restarts the kubelet of a node; undefined where that cannot be done. */
  readonly restartKubelet: (() => Promise<void>) | undefined;
  /** Ends what start() began; a cluster that was there before stays. */
  stop(): Promise<void>;
}
