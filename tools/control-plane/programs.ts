/** Programs that are built from the Go modules of one go.mod, and where they are kept. */
export interface ProgramSet<Name extends string> {
  /** Folder of the go.mod that names the versions. */
  readonly moduleDirectory: string;
  /** The module, of those that it requires, whose version stands for all. */
  readonly versionOf: string;
  /** Folder of the cache. */
  readonly cacheName: string;
  /** The Go package of each program, in the order of building: the longest build first. */
  readonly packages: Readonly<Record<Name, string>>;
  /** How long building all of them takes, for people who wait for it. */
  readonly buildTime: string;
}

/** Absolute path of each program. */
export type Paths<Name extends string> = Readonly<Record<Name, string>>;

/** The programs of the control plane. */
export const controlPlanePrograms = {
  moduleDirectory: import.meta.dirname,
  versionOf: 'k8s.io/kubernetes',
  cacheName: 'control-plane',
  buildTime: 'about five minutes',
  packages: {
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    etcd: 'go.etcd.io/etcd/server/v3',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
    kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    kwok: 'sigs.k8s.io/kwok/cmd/kwok',
  },
} as const satisfies ProgramSet<string>;

/** Name of a program of the control plane. */
export type ProgramName = keyof typeof controlPlanePrograms.packages;

/** All programs of the control plane, in the order of building. */
export const programNames = Object.keys(controlPlanePrograms.packages) as ProgramName[];

/** Absolute path of each program of the control plane. */
export type Binaries = Paths<ProgramName>;
