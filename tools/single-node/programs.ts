import type { Paths, ProgramSet } from '../control-plane/programs.ts';

/** What makes a machine a node, besides the distribution's packages. */
export const nodePrograms = {
  moduleDirectory: import.meta.dirname,
  versionOf: 'k8s.io/kubernetes',
  cacheName: 'single-node',
  buildTime: 'about four minutes',
  packages: {
    kubelet: 'k8s.io/kubernetes/cmd/kubelet',
    'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
    'cluster-dns': './cluster-dns',
    pause: './pause',
  },
} as const satisfies ProgramSet<string>;

/** Absolute path of each of them. */
export type NodeBinaries = Paths<keyof typeof nodePrograms.packages>;
