import type { Cluster, ClusterFlags } from './cluster.ts';

/** A stream to write results or messages to. */
export interface Output {
  write(text: string): void;
  /** A person reads it, so colors and progress are useful. */
  readonly isTerminal: boolean;
}

export interface ConnectOptions {
  /** Nobody watches, so the credential plug-in of the kubeconfig must not ask or show anything. Default: false. */
  readonly background?: boolean;
}

/** Everything that a command needs from its process; src/cli/main.ts creates the real one. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home directory of the user. */
  readonly home: string;
  /** The user; undefined if the system has no uids. */
  readonly uid: number | undefined;
  readonly stdin: NodeJS.ReadableStream;
  /** A person can enter something. */
  readonly stdinIsTerminal: boolean;
  /** Results. Throws the reason of `signal` after it aborted. */
  readonly stdout: Output;
  /** Messages, warnings and progress. */
  readonly stderr: Output;
  /** Current time, milliseconds since the epoch. */
  now(): number;
  /** Aborts at SIGINT or SIGTERM, or if stdout cannot be written. Its reason is an Interruption or the error of stdout. */
  readonly signal: AbortSignal;
  /** Sends a signal to a process. Throws the error of the system, such as ESRCH. */
  kill(pid: number, signal: NodeJS.Signals): void;
  /** Version of this program. */
  readonly version: string;
  /**
   * Connects to the cluster that the flags and the kubeconfig of the user select. Loads client-node, so commands that
   * need no cluster start faster without it. Close it after use, see `withCluster`.
   *
   * @throws KubeconfigError if the kubeconfig is not usable
   */
  connect(flags: ClusterFlags, options?: ConnectOptions): Promise<Cluster>;
}
