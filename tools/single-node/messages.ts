import type { NodeLink } from './network.ts';
import type { NodeBinaries } from './programs.ts';

/** What a node is made from; it comes from outside of its namespaces. */
export interface NodeSettings {
  /** Everything that the node writes is in here; the node removes it at its end. */
  readonly directory: string;
  readonly link: NodeLink;
  /** Name of the cgroup of its pods, which exists; the node removes it at its end. */
  readonly cgroup: string;
  readonly binaries: NodeBinaries;
  /** Archive of the image of each pod's sandbox. */
  readonly pauseArchive: string;
  /** Where to write the administrator's kubeconfig. */
  readonly kubeconfig: string;
}

/** What the outside asks the node for. */
export type Request = { readonly ask: 'start'; readonly settings: NodeSettings } | { readonly ask: 'restart-kubelet' };

/** What the node answers: to each request `done` or `failed`, and lines for the log meanwhile. */
export type Answer =
  | { readonly answer: 'done' }
  | { readonly answer: 'failed'; readonly message: string }
  | { readonly answer: 'log'; readonly line: string };
