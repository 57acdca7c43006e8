/** The programs that work through the API server: kube-controller-manager, kube-scheduler, and kwok with a node. */
import { join } from 'node:path';
import type { Binaries, ProgramName } from '../go-programs/program-sets.ts';
import { type Access, callApi } from './api.ts';
import type { ApiServer } from './api-server.ts';
import { controllerManagerArguments, kwokArguments, type Layout, schedulerArguments } from './arguments.ts';
import { type User, writeKubeconfig } from './credentials.ts';
import type { Fleet } from './fleet.ts';
import type { Program } from './program.ts';
import { untilReady } from './readiness.ts';
import { keepRunning } from './restart.ts';

export interface ControllersOptions {
  readonly fleet: Fleet;
  readonly binaries: Binaries;
  readonly layout: Layout;
  readonly apiServer: ApiServer;
  /** The administrator's access to the API server. */
  readonly access: Access;
  /** Programs that must keep running while the controllers start. */
  readonly dependencies: readonly Program[];
  /** Whether pods are scheduled and run: on a simulated node, or on nodes that the caller adds. */
  readonly workloads?: boolean | 'own-nodes';
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Starts the controllers and waits until they are ready. They are restarted if they end, which can happen while the API
 * server is not available.
 *
 * @throws StartError if a program ends during the start
 */
export async function startControllers(options: ControllersOptions): Promise<void> {
  const { access, dependencies, signal } = options;
  const manager = await startManager(options);
  const others = options.workloads ? await startWorkloads(options) : [];
  const waiting = { dependencies: [...dependencies, manager, ...others], signal };
  await untilReady(manager, { ...waiting, isReady: () => defaultAccountExists(access) });
  if (options.workloads === 'own-nodes') return;
  for (const program of others) await untilReady(program, { ...waiting, isReady: () => isNodeReady(access) });
}

async function startManager(options: ControllersOptions): Promise<Program> {
  const kubeconfig = await writeKubeconfigOf('system:kube-controller-manager', 'kube-controller-manager', options);
  return startSupervised('kube-controller-manager', controllerManagerArguments(options.layout, kubeconfig), options);
}

async function startWorkloads(options: ControllersOptions): Promise<Program[]> {
  const kubeconfig = await writeKubeconfigOf('system:kube-scheduler', 'kube-scheduler', options);
  const kwok = options.workloads === 'own-nodes' ? [] : [await startKwok(options)];
  return [startSupervised('kube-scheduler', schedulerArguments(kubeconfig), options), ...kwok];
}

async function startKwok(options: ControllersOptions): Promise<Program> {
  const kubeconfig = await writeKubeconfigOf('admin', 'kwok', options);
  await createNode(options.access);
  return startSupervised('kwok', kwokArguments(kubeconfig), options);
}

async function writeKubeconfigOf(user: User, name: ProgramName, options: ControllersOptions): Promise<string> {
  const path = join(options.fleet.directory, `${name}.kubeconfig`);
  await writeKubeconfig(path, { ...options.access, token: options.layout.credentials.tokens[user] });
  return path;
}

async function defaultAccountExists(access: Access): Promise<boolean> {
  const response = await callApi(access, '/api/v1/namespaces/default/serviceaccounts/default');
  return response?.status === 200;
}

function startSupervised(name: ProgramName, args: readonly string[], options: ControllersOptions): Program {
  const { fleet, binaries, apiServer, log } = options;
  const restart = () => fleet.start(name, binaries[name], args);
  const first = restart();
  keepRunning(first, { restart, mayStart: apiServer.isReady, stopped: fleet.stopped, log }).catch((error: unknown) =>
    log(`cannot restart ${name}: ${error}`),
  );
  return first;
}

const nodeName = 'node-1';

/** The simulated node, on which kwok runs the pods. */
const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: nodeName, labels: { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux' } },
};

async function createNode(access: Access): Promise<void> {
  const response = await callApi(access, '/api/v1/nodes', node);
  if (response?.status !== 201) throw new Error(`cannot create the simulated node: ${response?.body ?? 'no response'}`);
}

/** Whether the node is Ready and has lost the taint of nodes that are not ready. */
async function isNodeReady(access: Access): Promise<boolean> {
  const response = await callApi(access, `/api/v1/nodes/${nodeName}`);
  if (response?.status !== 200) return false;
  const { spec, status } = JSON.parse(response.body) as NodeObject;
  const ready = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return ready && !spec.taints?.length;
}

interface NodeObject {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
