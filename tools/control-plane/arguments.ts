/** Command line arguments of the programs of the control plane. */
import { basename, join } from 'node:path';
import type { Credentials } from './credentials.ts';

/** Ports and files of the programs. */
export interface Layout {
  readonly directory: string;
  readonly credentials: Credentials;
  /** Address at which the API server listens. */
  readonly address: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiServerPort: number;
}

/** File to which the API server writes its self-signed certificate with the CA. */
export function certificateFile({ directory }: Layout): string {
  return join(directory, 'certificates', 'apiserver.crt');
}

/** Client URL of etcd. */
export function etcdAddress({ etcdPort }: Layout): string {
  return `http://127.0.0.1:${etcdPort}`;
}

/** Arguments of etcd. The data is discarded, so it is not synced to disk. */
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

/** Arguments of kube-apiserver. Extra arguments replace the default ones of the same name. */
export function apiServerArguments(layout: Layout, extra: readonly string[]): string[] {
  const { credentials, directory } = layout;
  const defaults = flags({
    'etcd-servers': etcdAddress(layout),
    // Keeps data separate if the etcd of another control plane has taken our port.
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
    // Endpoints do not allow loopback addresses.
    'endpoint-reconciler-type': 'none',
    // Without this, open watches delay the shutdown.
    'shutdown-watch-termination-grace-period': '1s',
  });
  // kube-apiserver adds up the values of a repeated list, and signs with the first service-account-issuer.
  const isOverridden = (one: string) => extra.some((other) => nameOf(other) === nameOf(one));
  return [...defaults.filter((one) => !isOverridden(one)), ...extra];
}

/** Arguments of kube-controller-manager, without a server port. */
export function controllerManagerArguments(layout: Layout, kubeconfig: string): string[] {
  return flags({
    kubeconfig,
    'leader-elect': 'false',
    'secure-port': '0',
    // It creates about forty ServiceAccounts at the start, which is slow at the default rate.
    'kube-api-qps': '1000',
    'kube-api-burst': '1000',
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': layout.credentials.serviceAccountPrivateKeyFile,
    'root-ca-file': certificateFile(layout),
    // Created if missing, by default outside of the temporary folder.
    'flex-volume-plugin-dir': join(layout.directory, 'volume-plugins'),
  });
}

/** Arguments of kube-scheduler, without a server port. */
export function schedulerArguments(kubeconfig: string): string[] {
  return flags({ kubeconfig, 'leader-elect': 'false', 'secure-port': '0' });
}

/** Arguments of kwok, which simulates the kubelet of every node. */
export function kwokArguments(kubeconfig: string): string[] {
  return flags({
    kubeconfig,
    config: join(import.meta.dirname, 'stages.yaml'),
    'manage-all-nodes': 'true',
    'node-ip': '127.0.0.1',
    'node-lease-duration-seconds': '40',
  });
}

const nameOf = (argument: string) => argument.split('=', 1)[0];

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
