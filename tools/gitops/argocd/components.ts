/** The programs of Argo CD with their arguments, for a run outside the cluster on loopback ports. */
import { join } from 'node:path';
import type { Component } from '../components.ts';

export interface ArgoCdLayout {
  /** Folder for all files. */
  readonly directory: string;
  /** Folder with the programs that Argo CD runs by name. */
  readonly programs: string;
  /** Path of Argo CD's only program. */
  readonly argocd: string;
  readonly redis: { readonly path: string; readonly environment: NodeJS.ProcessEnv };
  /** kubeconfig with the permissions of the application controller. */
  readonly kubeconfig: string;
  readonly ports: ArgoCdPorts;
}

export interface ArgoCdPorts {
  readonly redis: number;
  readonly repoServer: number;
  readonly server: number;
  /** For metrics, which nothing reads; their ports cannot be disabled. */
  readonly metrics: readonly [repoServer: number, controller: number, server: number];
}

/** Namespace of Argo CD and its Applications. */
export const argoCdNamespace = 'argocd';

const loopback = '127.0.0.1';

/** Returns the components in the order in which they start. */
export function argoCdComponents(layout: ArgoCdLayout): readonly Component[] {
  return [redis(layout), repoServer(layout), applicationController(layout), server(layout)];
}

function redis({ directory, redis, ports }: ArgoCdLayout): Component {
  const inMemory = ['--save', '', '--appendonly', 'no', '--dir', directory];
  return {
    name: 'redis',
    path: redis.path,
    arguments: ['--port', `${ports.redis}`, '--bind', loopback, ...inMemory],
    environment: { PATH: process.env.PATH, ...redis.environment },
    port: ports.redis,
  };
}

function repoServer(layout: ArgoCdLayout): Component {
  const { ports } = layout;
  const metrics = ['--metrics-address', loopback, '--metrics-port', `${ports.metrics[0]}`];
  const address = ['--address', loopback, '--port', `${ports.repoServer}`, '--disable-tls', '--client-ca-path', ''];
  return component(layout, 'repo-server', ports.repoServer, [...address, ...metrics, ...redisFlags(layout)]);
}

function applicationController(layout: ArgoCdLayout): Component {
  const port = layout.ports.metrics[1];
  const flags = ['--metrics-port', `${port}`, '--persist-resource-health', ...clientFlags(layout)];
  return component(layout, 'application-controller', port, flags);
}

function server(layout: ArgoCdLayout): Component {
  const { ports, directory } = layout;
  const address = ['--address', loopback, '--port', `${ports.server}`, '--insecure', '--disable-auth'];
  const metrics = ['--metrics-address', loopback, '--metrics-port', `${ports.metrics[2]}`];
  // Without Dex and without the files of the web interface.
  const unused = ['--dex-server', `http://${loopback}:1`, '--staticassets', directory];
  return component(layout, 'server', ports.server, [...address, ...metrics, ...unused, ...clientFlags(layout)]);
}

function clientFlags(layout: ArgoCdLayout): string[] {
  const repoServer = ['--repo-server', `${loopback}:${layout.ports.repoServer}`, '--repo-server-plaintext'];
  return ['--namespace', argoCdNamespace, ...repoServer, ...redisFlags(layout)];
}

function redisFlags({ ports }: ArgoCdLayout): string[] {
  return ['--redis', `${loopback}:${ports.redis}`];
}

function component(layout: ArgoCdLayout, name: string, port: number, args: string[]): Component {
  const environment = { ...environmentOf(layout), ARGOCD_BINARY_NAME: `argocd-${name}` };
  return { name: `argocd-${name}`, path: layout.argocd, arguments: args, environment, port };
}

/** Without the variables of this process, which may configure Argo CD, Helm or git. */
function environmentOf({ directory, programs, kubeconfig }: ArgoCdLayout): NodeJS.ProcessEnv {
  return {
    PATH: `${programs}:${process.env.PATH}`,
    HOME: directory,
    TMPDIR: directory,
    KUBECONFIG: kubeconfig,
    // Makes https://kubernetes.default.svc mean the cluster of KUBECONFIG.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_RECONCILIATION_JITTER: '0',
    ARGOCD_TLS_DATA_PATH: join(directory, 'tls'),
    ARGOCD_SSH_DATA_PATH: join(directory, 'ssh'),
    ARGOCD_PLUGINSOCKFILEPATH: join(directory, 'plugins'),
    ARGOCD_ASK_PASS_SOCK: join(directory, 'ask-pass.sock'),
  };
}
