import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createTransport } from '../../src/kube/transport.ts';
import type { ControlPlane } from '../../tools/control-plane/control-plane.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { leaksIn } from './leaks.ts';
import { watchSecretKeys } from './secret-keys.ts';

/** Timeout for reading metrics, milliseconds. An operator that a test has paused never responds. */
const metricsTimeoutMs = 5_000;

/** Records every sk of a cluster and searches for leaked keys and tokens. */
export interface LeakCheck {
  /** Every sk that has existed. */
  readonly secretKeys: ReadonlySet<string>;
  /**
   * Kills the operators and searches their output, their metrics and the cluster.
   *
   * @throws Error with the kind and place of each leak, without the secret itself
   */
  finish(operators: readonly OperatorProcess[]): Promise<void>;
}

/** Starts recording every sk of a cluster. */
export async function startLeakCheck(controlPlane: ControlPlane, kubectl: Kubectl): Promise<LeakCheck> {
  const transport = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'leak-check');
  const secretKeys = await watchSecretKeys(transport);
  return {
    secretKeys: secretKeys.all,
    async finish(operators) {
      const metrics = await Promise.all(operators.map(metricsIfRunning));
      await Promise.all(operators.map((operator) => operator.stop('SIGKILL')));
      const objects = await kubectl.run(['get', 'accesskeys,events,leases', '--all-namespaces', '-o', 'json']);
      await secretKeys.stop();
      await transport.close();
      const output = operators.flatMap((operator) => operator.output).join('\n');
      const found = leaksIn({ output, objects, metrics: metrics.join('\n') }, secretKeys.all);
      if (found.length > 0) throw new Error(found.join(', '));
    },
  };
}

/** @returns the metrics of an operator, or an empty text if it has ended */
async function metricsIfRunning({ process, healthUrl }: OperatorProcess): Promise<string> {
  if (process.exitCode !== null || process.signalCode !== null) return '';
  try {
    return await (await fetch(`${healthUrl}/metrics`, { signal: AbortSignal.timeout(metricsTimeoutMs) })).text();
  } catch {
    return '';
  }
}
