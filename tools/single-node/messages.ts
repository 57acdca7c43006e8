import type { NodeBinaries } from '../go-programs/program-sets.ts';
import type { NodeLink } from './network.ts';

/** Settings of a node, prepared outside of its namespaces. */
export interface NodeSettings {
  /** Folder for all files of the node, which the node removes when it ends. */
  readonly directory: string;
  readonly link: NodeLink;
  /** Name of the existing cgroup for its pods, which the node removes when it ends. */
  readonly cgroup: string;
  readonly binaries: NodeBinaries;
  /** Archive of the sandbox image. */
  readonly pauseArchive: string;
  /** File for the administrator's kubeconfig. */
  readonly kubeconfig: string;
}

/** Requests to the process of the node. */
export type Request =
  | { readonly type: 'start'; readonly settings: NodeSettings }
  | { readonly type: 'restart-kubelet' };

/** Messages from the process of the node: log lines, and `done` or `failed` for each request. */
export type Response =
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'log'; readonly line: string };
