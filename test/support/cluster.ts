import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../../tools/control-plane/control-plane.ts';
import { installManifests, writeOperatorKubeconfig } from '../../tools/install.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { type OperatorProcess, type StartOptions, startOperator } from '../../tools/operator-process.ts';
import { startLeakCheck } from './leak-check.ts';
import { bundledOperator } from './operator-bundle.ts';

/** A real control plane with the manifests installed, and its operators. */
export interface TestCluster {
  controlPlane: ControlPlane;
  /** kubectl as the administrator. */
  kubectl: Kubectl;
  /** Folder for files of the test, removed at the end. */
  directory: string;
  /** kubeconfig of the operator's ServiceAccount. */
  operatorKubeconfig: string;
  /** Starts an operator and waits until it is ready. Settings override the defaults of its configuration. */
  startOperator(settings?: object, kubeconfig?: string, options?: StartOptions): Promise<OperatorProcess>;
  /** Starts an operator with these arguments, without waiting until it is ready. */
  launchOperator(args: readonly string[], options?: StartOptions): Promise<OperatorProcess>;
  /** Every line of output of every operator. */
  operatorOutput(): string[];
  /** Every sk that has been in a Secret. */
  readonly secretKeys: ReadonlySet<string>;
  /**
   * Stops everything.
   *
   * @throws Error if output, metrics, Events, AccessKeys or Leases contain an sk or a token
   */
  stop(): Promise<void>;
}

export interface TestClusterOptions extends ControlPlaneOptions {
  /** Installs the operator's objects instead of manifests/base. @returns their namespace */
  readonly install?: (controlPlane: ControlPlane) => Promise<string>;
}

export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const controlPlane = await startControlPlane(options);
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-test-'));
  const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
  const operators: OperatorProcess[] = [];
  const operatorKubeconfig = join(directory, 'operator.kubeconfig');
  const namespace = await options.install?.(controlPlane);
  if (namespace === undefined) await installManifests(kubectl);
  await writeOperatorKubeconfig(kubectl, operatorKubeconfig, namespace);
  const leakCheck = await startLeakCheck(controlPlane, kubectl);

  async function launchOperator(args: readonly string[], options?: StartOptions): Promise<OperatorProcess> {
    const operator = await startOperator(args, { ...bundledOperator(), ...options });
    operators.push(operator);
    return operator;
  }

  return {
    controlPlane,
    kubectl,
    directory,
    operatorKubeconfig,
    launchOperator,
    secretKeys: leakCheck.secretKeys,
    async startOperator(settings = {}, kubeconfig = operatorKubeconfig, options = {}) {
      const config = join(directory, `config-${operators.length}.yaml`);
      await writeFile(config, configurationFile(settings));
      const operator = await launchOperator(['--kubeconfig', kubeconfig, '--config', config], options);
      await operator.ready();
      return operator;
    },
    operatorOutput: () => operators.flatMap((operator) => operator.output),
    async stop() {
      try {
        await leakCheck.finish(operators);
      } finally {
        await controlPlane.stop();
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/**
 * @param settings override the defaults: free loopback ports, a short Lease, and a throttle that tests do not reach
 * @returns the text of a configuration file
 */
export function configurationFile(settings: object): string {
  const { token = {}, http, ...rest } = settings as { token?: object; http?: object };
  const loopback = { address: '127.0.0.1', port: 0 };
  return stringify({
    apiVersion: 'config.ghippo.io/v1alpha1',
    kind: 'OperatorConfiguration',
    http: { shutdownDelaySeconds: 0, ...(http ?? { ...loopback, plain: true }) },
    health: loopback,
    // Short, so that the successor of a killed process starts leading soon.
    leaderElection: { leaseDurationSeconds: 3, renewDeadlineSeconds: 2, retryPeriodSeconds: 1 },
    ...rest,
    token: { failureThrottle: { burst: 100_000 }, ...token },
  });
}
