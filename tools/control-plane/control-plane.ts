/**
 * A Kubernetes control plane for the demo, tests and benchmarks: etcd, kube-apiserver and kube-controller-manager as
 * child processes, optionally with kube-scheduler and a node that is simulated by kwok.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { locateBinaries } from '../go-programs/locate.ts';
import type { Binaries } from '../go-programs/program-sets.ts';
import { createApiServer, createEtcd } from './api-server.ts';
import { etcdAddress, type Layout } from './arguments.ts';
import { startControllers } from './controllers.ts';
import { assertReplaceable, createCredentials, type Person, writeKubeconfig } from './credentials.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { freePorts } from './ports.ts';
import { StartError } from './readiness.ts';

const maxRetries = 3;

/** A running Kubernetes control plane of this process. */
export interface ControlPlane {
  /** Temporary folder, which {@link ControlPlane.stop} removes. */
  readonly directory: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Address of the API server, such as https://127.0.0.1:6443. */
  readonly server: string;
  /** PEM certificates of the API server's authority. */
  readonly certificateAuthority: string;
  /** Client URL of etcd. */
  readonly etcd: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Stops the API server. Default signal: SIGTERM. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the API server again with the same port and data, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Stops etcd while the API server keeps running. Default signal: SIGTERM. */
  stopEtcd(signal?: NodeJS.Signals): Promise<void>;
  /** Starts etcd again with the same port and data, and waits until it is ready. */
  startEtcd(): Promise<void>;
  /** Stops all programs and removes the folder and the kubeconfig. Can be called repeatedly. */
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** File for the administrator's kubeconfig. Default: in the temporary folder. */
  readonly kubeconfig?: string;
  /** Whether pods are scheduled and run: on a simulated node, or on nodes that the caller adds. Default: false. */
  readonly workloads?: boolean | 'own-nodes';
  /** Receives progress and unexpected ends of programs, line by line. Default: standard error. */
  readonly log?: (line: string) => void;
  /** Address at which the API server listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** Extra arguments of kube-apiserver, which override the default ones. */
  readonly apiServerArguments?: readonly string[];
  /** Additional users with tokens. Default: none. */
  readonly people?: readonly Person[];
  /** Aborts the start. To stop a running control plane, call its stop(). */
  readonly signal?: AbortSignal;
}

/**
 * Starts a control plane on free ports. Missing programs are built first.
 *
 * @throws Error if a program cannot be built or does not start (with the last lines of its log), or if the kubeconfig
 *   file exists and was not written by a control plane; everything is cleaned up in this case
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { log = (line) => process.stderr.write(`${line}\n`), signal } = options;
  if (options.kubeconfig) await assertReplaceable(options.kubeconfig);
  const binaries = await locateBinaries({ log, signal });
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await startOnce(binaries, { ...options, log });
    } catch (error) {
      if (attempt === maxRetries || !(error instanceof StartError && error.portTaken)) throw error;
      log('A port was taken in the meantime; retrying with other ports');
    }
  }
}

type Options = ControlPlaneOptions & Required<Pick<ControlPlaneOptions, 'log'>>;

async function startOnce(binaries: Binaries, options: Options): Promise<ControlPlane> {
  const fleet = await createFleet(options.log);
  try {
    const layout = await createLayout(fleet, options);
    const etcd = createEtcd(fleet, binaries.etcd, layout);
    await etcd.start(options.signal);
    const apiServer = createApiServer({
      fleet,
      path: binaries['kube-apiserver'],
      layout,
      dependencies: etcd.programs,
      extraArguments: options.apiServerArguments ?? [],
    });
    await apiServer.start(options.signal);
    const dependencies = [...etcd.programs(), ...apiServer.programs()];
    const access = await apiServer.access();
    await startControllers({ fleet, binaries, layout, apiServer, access, dependencies, ...options });
    const kubeconfig = resolve(options.kubeconfig ?? join(fleet.directory, 'admin.kubeconfig'));
    await mkdir(dirname(kubeconfig), { recursive: true });
    fleet.atEnd(await writeKubeconfig(kubeconfig, access));
    return {
      directory: fleet.directory,
      kubeconfig,
      server: access.server,
      certificateAuthority: access.certificateAuthority,
      etcd: etcdAddress(layout),
      kubectl: binaries.kubectl,
      stopApiServer: (signal) => apiServer.stop(signal),
      startApiServer: async () => void (await apiServer.start(fleet.stopped)),
      stopEtcd: (signal) => etcd.stop(signal),
      startEtcd: async () => void (await etcd.start(fleet.stopped)),
      stop: fleet.stop,
    };
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}

async function createLayout({ directory }: Fleet, { address = '127.0.0.1', people }: Options): Promise<Layout> {
  const [etcdPort = 0, etcdPeerPort = 0, apiServerPort = 0] = await freePorts(3);
  const credentials = await createCredentials(directory, people);
  return { directory, credentials, address, etcdPort, etcdPeerPort, apiServerPort };
}
