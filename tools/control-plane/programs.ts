/** The programs of the control plane and the Go packages that they are built from, in the order of building. */
export const packages = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
} as const;

/** Name of a program of the control plane. */
export type ProgramName = keyof typeof packages;

/** All programs, in the order of building: the longest build first. */
export const programNames = Object.keys(packages) as ProgramName[];

/** Absolute path of each program. */
export type Binaries = Readonly<Record<ProgramName, string>>;
