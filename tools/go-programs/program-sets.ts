/** The programs that are built from Go modules. */
import { join } from 'node:path';

/** A go.mod, and its folder in the cache. */
export interface PinnedModule {
  /** Folder of the go.mod, which pins the versions. */
  readonly moduleDirectory: string;
  /** The required module whose version identifies the folder in the cache. */
  readonly versionOf: string;
  /** Name of the folder in the cache. */
  readonly cacheName: string;
}

/** Programs that are built from one go.mod. */
export interface ProgramSet<Name extends string> extends PinnedModule {
  /** Go package of each program, in build order: the slowest build first. */
  readonly packages: Readonly<Record<Name, string>>;
  /** How long it takes to build all programs, for log messages. */
  readonly buildTime: string;
}

/** Absolute path of each program. */
export type Paths<Name extends string> = Readonly<Record<Name, string>>;

const tools = join(import.meta.dirname, '..');

/** The control plane, and kubectl. */
export const controlPlanePrograms = {
  moduleDirectory: join(tools, 'control-plane'),
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

/** Names of all programs of the control plane, in build order. */
export const programNames = Object.keys(controlPlanePrograms.packages) as ProgramName[];

/** Absolute path of each program of the control plane. */
export type Binaries = Paths<ProgramName>;

/** Programs of a node that are not installed from Debian packages. */
export const nodePrograms = {
  moduleDirectory: join(tools, 'single-node'),
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

/** Absolute path of each program of a node. */
export type NodeBinaries = Paths<keyof typeof nodePrograms.packages>;

/** kind, and the programs of its node image that no other set contains. */
export const kindPrograms = {
  moduleDirectory: join(tools, 'kind'),
  versionOf: 'k8s.io/kubernetes',
  cacheName: 'kind-programs',
  buildTime: 'about two minutes',
  packages: {
    kubeadm: 'k8s.io/kubernetes/cmd/kubeadm',
    kind: 'sigs.k8s.io/kind',
    crictl: 'sigs.k8s.io/cri-tools/cmd/crictl',
  },
} as const satisfies ProgramSet<string>;

/** Helm, for tests of the chart and for releases. */
export const helmPrograms = {
  moduleDirectory: join(tools, 'helm'),
  versionOf: 'helm.sh/helm/v3',
  cacheName: 'helm',
  buildTime: 'about two minutes',
  packages: { helm: 'helm.sh/helm/v3/cmd/helm' },
} as const satisfies ProgramSet<string>;

/** Computes the health of an object as GitOps tools do, for tests. */
export const gitopsPrograms = {
  moduleDirectory: join(tools, 'gitops-status'),
  versionOf: 'sigs.k8s.io/cli-utils',
  cacheName: 'gitops-status',
  buildTime: 'about half a minute',
  packages: { 'gitops-status': '.' },
} as const satisfies ProgramSet<string>;

/** Argo CD: one program that is started as each of its components. */
export const argoCdPrograms = {
  moduleDirectory: join(tools, 'gitops/argocd'),
  versionOf: 'github.com/argoproj/argo-cd/v3',
  cacheName: 'argocd',
  buildTime: 'ten minutes or more',
  packages: { argocd: 'github.com/argoproj/argo-cd/v3/cmd' },
} as const satisfies ProgramSet<string>;

/** kustomize, which Argo CD runs. */
export const kustomizePrograms = {
  moduleDirectory: join(tools, 'gitops/kustomize'),
  versionOf: 'sigs.k8s.io/kustomize/kustomize/v5',
  cacheName: 'kustomize',
  buildTime: 'about half a minute',
  packages: { kustomize: 'sigs.k8s.io/kustomize/kustomize/v5' },
} as const satisfies ProgramSet<string>;

/** Flux's kustomize-controller. */
export const kustomizeControllerPrograms = {
  moduleDirectory: join(tools, 'gitops/kustomize-controller'),
  versionOf: 'github.com/fluxcd/kustomize-controller',
  cacheName: 'kustomize-controller',
  buildTime: 'five minutes or more',
  packages: { 'kustomize-controller': 'github.com/fluxcd/kustomize-controller' },
} as const satisfies ProgramSet<string>;

/** Dex, the identity provider of the single sign-on tests. */
export const dexPrograms = {
  moduleDirectory: join(tools, 'identity/dex'),
  versionOf: 'github.com/dexidp/dex',
  cacheName: 'dex',
  buildTime: 'about two minutes',
  packages: { dex: 'github.com/dexidp/dex/cmd/dex' },
} as const satisfies ProgramSet<string>;

/** oauth2-proxy, the authenticating proxy of the single sign-on tests. */
export const oauth2ProxyPrograms = {
  moduleDirectory: join(tools, 'identity/oauth2-proxy'),
  versionOf: 'github.com/oauth2-proxy/oauth2-proxy/v7',
  cacheName: 'oauth2-proxy',
  buildTime: 'about a minute',
  packages: { 'oauth2-proxy': 'github.com/oauth2-proxy/oauth2-proxy/v7' },
} as const satisfies ProgramSet<string>;

/** gitleaks, which the configuration in examples/ is for. */
export const gitleaksPrograms = {
  moduleDirectory: join(tools, 'gitleaks'),
  versionOf: 'github.com/zricethezav/gitleaks/v8',
  cacheName: 'gitleaks',
  buildTime: 'about a minute',
  packages: { gitleaks: 'github.com/zricethezav/gitleaks/v8' },
} as const satisfies ProgramSet<string>;

/** kube-state-metrics, which the configuration in examples/monitoring is for. */
export const kubeStateMetricsPrograms = {
  moduleDirectory: join(tools, 'kube-state-metrics'),
  versionOf: 'k8s.io/kube-state-metrics/v2',
  cacheName: 'kube-state-metrics',
  buildTime: 'about three minutes',
  packages: { 'kube-state-metrics': 'k8s.io/kube-state-metrics/v2' },
} as const satisfies ProgramSet<string>;
