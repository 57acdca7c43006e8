import { join } from 'node:path';
import { type Access, ask } from './api.ts';
import type { ApiServer } from './api-server.ts';
import { controllerManagerArguments, kwokArguments, type Layout, schedulerArguments } from './arguments.ts';
import { type User, writeKubeconfig } from './credentials.ts';
import type { Fleet } from './fleet.ts';
import type { Program } from './program.ts';
import type { Binaries, ProgramName } from './programs.ts';
import { untilReady } from './readiness.ts';
import { keepRunning } from './supervise.ts';
import { createNode, isNodeReady } from './workloads.ts';

export interface ControllersOptions {
  readonly fleet: Fleet;
  readonly binaries: Binaries;
  readonly layout: Layout;
  readonly apiServer: ApiServer;
  /** The administrator's way to the API server. */
  readonly access: Access;
  /** Programs that must not end while the controllers start. */
  readonly needs: readonly Program[];
  /** Whether pods are to be scheduled and to run: on a simulated node, or on nodes that the caller adds. */
  readonly workloads?: boolean | 'own-nodes';
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Starts the programs that work through the API server, and waits until they do. They are started again if they end,
 * as they may while the API server is away.
 *
 * @throws StartError if a program ends meanwhile
 */
export async function startControllers(options: ControllersOptions): Promise<void> {
  const { access, needs, signal } = options;
  const manager = await startManager(options);
  const others = options.workloads ? await startWorkloads(options) : [];
  const all = [...needs, manager, ...others];
  await untilReady(manager, all, () => defaultAccountExists(access), signal);
  if (options.workloads === 'own-nodes') return;
  for (const program of others) await untilReady(program, all, () => isNodeReady(access), signal);
}

async function startManager(options: ControllersOptions): Promise<Program> {
  const kubeconfig = await writeKubeconfigOf('system:kube-controller-manager', 'kube-controller-manager', options);
  return startKept('kube-controller-manager', controllerManagerArguments(options.layout, kubeconfig), options);
}

async function startWorkloads(options: ControllersOptions): Promise<Program[]> {
  const kubeconfig = await writeKubeconfigOf('system:kube-scheduler', 'kube-scheduler', options);
  const kwok = options.workloads === 'own-nodes' ? [] : [await startKwok(options)];
  return [startKept('kube-scheduler', schedulerArguments(kubeconfig), options), ...kwok];
}

async function startKwok(options: ControllersOptions): Promise<Program> {
  const kubeconfig = await writeKubeconfigOf('admin', 'kwok', options);
  await createNode(options.access);
  return startKept('kwok', kwokArguments(kubeconfig), options);
}

async function writeKubeconfigOf(user: User, name: ProgramName, options: ControllersOptions): Promise<string> {
  const path = join(options.fleet.directory, `${name}.kubeconfig`);
  await writeKubeconfig(path, { ...options.access, token: options.layout.credentials.tokens[user] });
  return path;
}

async function defaultAccountExists(access: Access): Promise<boolean> {
  const answer = await ask(access, '/api/v1/namespaces/default/serviceaccounts/default');
  return answer?.status === 200;
}

function startKept(name: ProgramName, programArguments: readonly string[], options: ControllersOptions): Program {
  const { fleet, binaries, apiServer, log } = options;
  const restart = () => fleet.start(name, binaries[name], programArguments);
  const first = restart();
  keepRunning(first, { restart, mayStart: apiServer.isReady, stopped: fleet.stopped, log }).catch((error: unknown) =>
    log(`${name} could not be started again: ${error}`),
  );
  return first;
}
