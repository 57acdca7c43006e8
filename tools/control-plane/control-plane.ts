import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createApiServer } from './api-server.ts';
import type { Layout } from './arguments.ts';
import { locateBinaries } from './binaries.ts';
import { startControllers } from './controllers.ts';
import { assertReplaceable, createCredentials, type Person, writeKubeconfig } from './credentials.ts';
import { createEtcd } from './etcd.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { freePorts } from './ports.ts';
import type { Binaries } from './programs.ts';
import { StartError } from './readiness.ts';

const retries = 3;

/** A running Kubernetes control plane of this process. */
export interface ControlPlane {
  /** Temporary folder, removed by {@link ControlPlane.stop}. */
  readonly directory: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Address of the API server, such as https://127.0.0.1:6443. */
  readonly server: string;
  /** PEM certificates of the API server's authority. */
  readonly certificateAuthority: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Stops the API server, by SIGTERM unless told otherwise. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the API server again, on the same port and with the same data, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Stops etcd under the API server, by SIGTERM unless told otherwise. */
  stopEtcd(signal?: NodeJS.Signals): Promise<void>;
  /** Starts etcd again, on the same port and with the same data, and waits until it is ready. */
  startEtcd(): Promise<void>;
  /** Ends everything and removes the folder and the kubeconfig. Safe to call twice. */
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Where to write the administrator's kubeconfig. Default: in the temporary folder. */
  readonly kubeconfig?: string;
  /** Whether Deployments are to come to life: on one simulated node, or on nodes that the caller adds. Default: no. */
  readonly workloads?: boolean | 'own-nodes';
  /** Receives progress and unexpected ends, a line at a time. Default: standard error. */
  readonly log?: (line: string) => void;
  /** Address of this machine that the API server listens at. Default: 127.0.0.1. */
  readonly address?: string;
  /** Further arguments of kube-apiserver; they win over those given by default. */
  readonly apiServerArguments?: readonly string[];
  /** People whom the API server knows by a token. Default: nobody. */
  readonly people?: readonly Person[];
  /** Gives up starting. To end a control plane that has started, call its stop(). */
  readonly signal?: AbortSignal;
}

/**
 * Starts etcd, kube-apiserver and kube-controller-manager on free loopback ports, and with workloads kube-scheduler
 * and kwok; programs that this machine does not have are built first.
 *
 * @throws Error if the programs cannot be had or one of them does not start (with the last lines of its log), or the
 *   file for the kubeconfig exists and is not from a control plane; nothing is left behind then
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { log = (line) => process.stderr.write(`${line}\n`), signal } = options;
  if (options.kubeconfig) await assertReplaceable(options.kubeconfig);
  const binaries = await locateBinaries({ log, signal });
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await startOnce(binaries, { ...options, log });
    } catch (error) {
      if (attempt === retries || !(error instanceof StartError && error.portTaken)) throw error;
      log('A port was taken in the meantime; starting again on other ports');
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
      needs: etcd.programs,
      furtherArguments: options.apiServerArguments ?? [],
    });
    await apiServer.start(options.signal);
    const needs = [...etcd.programs(), ...apiServer.programs()];
    const access = await apiServer.access();
    await startControllers({ fleet, binaries, layout, apiServer, access, needs, ...options });
    const kubeconfig = resolve(options.kubeconfig ?? join(fleet.directory, 'admin.kubeconfig'));
    await mkdir(dirname(kubeconfig), { recursive: true });
    fleet.atEnd(await writeKubeconfig(kubeconfig, access));
    return {
      directory: fleet.directory,
      kubeconfig,
      server: access.server,
      certificateAuthority: access.certificateAuthority,
      kubectl: binaries.kubectl,
      stopApiServer: (signal) => apiServer.stop(signal),
      startApiServer: async () => void (await apiServer.start(fleet.stopped)),
      stopEtcd: (signal) => etcd.stop(signal),
      startEtcd: async () => void (await etcd.start(fleet.stopped)),
      stop: () => fleet.stop(),
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
