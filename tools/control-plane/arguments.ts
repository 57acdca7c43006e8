import { basename, join } from 'node:path';
import type { Credentials } from './credentials.ts';

/** Ports and files that the arguments of the programs are made from. */
export interface Layout {
  readonly directory: string;
  readonly credentials: Credentials;
  /** Address that the API server listens at and is known by. */
  readonly address: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiServerPort: number;
}

/** The file that the API server writes its self-signed certificate and that one's authority to. */
export function certificateFile({ directory }: Layout): string {
  return join(directory, 'certificates', 'apiserver.crt');
}

/** Address of etcd for its clients. */
export function etcdAddress({ etcdPort }: Layout): string {
  return `http://127.0.0.1:${etcdPort}`;
}

/** Arguments of etcd. Nothing is kept, so nothing needs to reach the disk. */
export function etcdArguments(layout: Layout): string[] {
  const peer = `http://127.0.0.1:${layout.etcdPeerPort}`;
  return flags({
    name: 'default',
    'data-dir': join(layout.directory, 'etcd'),
    'unsafe-no-fsync': 'true',
    'listen-client-urls': etcdAddress(layout),
    'advertise-client-urls': etcdAddress(layout),
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
  });
}

/** Arguments of kube-apiserver; further ones come last and win over these. */
export function apiServerArguments(layout: Layout, further: readonly string[]): string[] {
  const { credentials, directory } = layout;
  const all = flags({
    'etcd-servers': etcdAddress(layout),
    // If another control plane's etcd answers at our port before our own has failed to take it, no data mix.
    'etcd-prefix': `/${basename(directory)}`,
    'bind-address': layout.address,
    'advertise-address': layout.address,
    'secure-port': String(layout.apiServerPort),
    'cert-dir': join(directory, 'certificates'),
    'authorization-mode': 'RBAC',
    'token-auth-file': credentials.tokenFile,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': credentials.serviceAccountPublicKeyFile,
    'service-account-signing-key-file': credentials.serviceAccountPrivateKeyFile,
    'service-cluster-ip-range': '10.96.0.0/16',
    // A loopback address is not allowed in Endpoints.
    'endpoint-reconciler-type': 'none',
    // Ends the watches at shutdown, which otherwise hold it up for as long as they last.
    'shutdown-watch-termination-grace-period': '1s',
  });
  return [...all, ...further];
}

/** Arguments of kube-controller-manager, which serves no port. */
export function controllerManagerArguments(layout: Layout, kubeconfig: string): string[] {
  return flags({
    kubeconfig,
    'leader-elect': 'false',
    'secure-port': '0',
    // It makes some forty ServiceAccounts first; at the default rate that takes most of its start.
    'kube-api-qps': '1000',
    'kube-api-burst': '1000',
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': layout.credentials.serviceAccountPrivateKeyFile,
    'root-ca-file': certificateFile(layout),
    // Created if missing, by default in a folder of the machine.
    'flex-volume-plugin-dir': join(layout.directory, 'volume-plugins'),
  });
}

/** Arguments of kube-scheduler, which serves no port. */
export function schedulerArguments(kubeconfig: string): string[] {
  return flags({ kubeconfig, 'leader-elect': 'false', 'secure-port': '0' });
}

/** Arguments of kwok, which plays the kubelet of every node. */
export function kwokArguments(kubeconfig: string): string[] {
  return flags({
    kubeconfig,
    config: join(import.meta.dirname, 'stages.yaml'),
    'manage-all-nodes': 'true',
    'node-ip': '127.0.0.1',
    'node-lease-duration-seconds': '40',
  });
}

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
