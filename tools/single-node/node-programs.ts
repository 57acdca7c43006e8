import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { type Program, startProgram } from '../control-plane/program.ts';
import { untilReady } from '../control-plane/readiness.ts';
import { createRestartable } from '../control-plane/restart.ts';
import type { Kubectl } from '../kubectl.ts';
import type { NodeCertificates } from './certificates.ts';
import { configureContainerd, importImage, isContainerdReady } from './container-runtime.ts';
import type { NodeSettings } from './messages.ts';
import {
  type AgentLayout,
  configureDns,
  configureKubelet,
  configureKubeProxy,
  healthUrls,
  nodeName,
} from './node-agents.ts';

export interface NodeProgramsOptions {
  readonly settings: NodeSettings;
  readonly certificates: NodeCertificates;
  readonly controlPlane: ControlPlane;
  readonly kubectl: Kubectl;
}

/** The running programs of a node. */
export interface NodePrograms {
  /** Restarts the kubelet and waits until the node is Ready. Pods keep running. */
  restartKubelet(): Promise<void>;
}

/**
 * Starts containerd, kubelet, kube-proxy and the cluster DNS, and waits until the node is Ready.
 *
 * @throws StartError with the last lines of its log if a program ends
 */
export async function startNodePrograms(options: NodeProgramsOptions): Promise<NodePrograms> {
  const { settings, kubectl, controlPlane } = options;
  const { directory, binaries } = settings;
  const layout = await layoutOf(options);
  const start: StartNodeProgram = (name, path, args) =>
    startProgram({ name, path, arguments: args, logFile: join(directory, `${name}.log`), wrapper: [] });

  const containerd = await startContainerd(start, settings);
  const kubeletArguments = await configureKubelet(layout);
  const kubelet = createRestartable({
    run: () => start('kubelet', binaries.kubelet, kubeletArguments),
    dependencies: () => [containerd],
    isReady: async () => (await isHealthy(healthUrls.kubelet)) && isNodeReady(kubectl),
  });
  await kubelet.start();
  const proxy = start('kube-proxy', binaries['kube-proxy'], await configureKubeProxy(layout));
  const dns = start('cluster-dns', binaries['cluster-dns'], await configureDns(layout, controlPlane.kubeconfig));
  const dependencies = [containerd, ...kubelet.programs(), proxy, dns];
  await untilReady(proxy, { dependencies, isReady: () => isHealthy(healthUrls.kubeProxy) });
  await untilReady(dns, { dependencies, isReady: () => isHealthy(healthUrls.dns) });
  return {
    async restartKubelet() {
      await kubelet.stop();
      await kubelet.start();
    },
  };
}

type StartNodeProgram = (name: string, path: string, args: readonly string[]) => Program;

async function startContainerd(start: StartNodeProgram, { directory, pauseArchive }: NodeSettings): Promise<Program> {
  const containerd = start('containerd', 'containerd', await configureContainerd(directory));
  await untilReady(containerd, { dependencies: [], isReady: () => isContainerdReady(directory) });
  await importImage(directory, pauseArchive);
  return containerd;
}

async function layoutOf({ settings, certificates, controlPlane }: NodeProgramsOptions): Promise<AgentLayout> {
  const { directory, link, cgroup } = settings;
  const apiCertificate = join(directory, 'api-server.crt');
  await writeFile(apiCertificate, controlPlane.certificateAuthority);
  const { nodeAddress } = link;
  return { directory, nodeAddress, server: controlPlane.server, apiCertificate, certificates, cgroup };
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok;
    },
    () => false,
  );
}

async function isNodeReady(kubectl: Kubectl): Promise<boolean> {
  const check = ['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=1s'];
  return kubectl.run(check).then(
    () => true,
    () => false,
  );
}
