import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createTransport } from '../../src/kube/transport.ts';
import type { ControlPlane } from '../../tools/control-plane/control-plane.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { leaksIn } from './leaks.ts';
import { watchSecretKeys } from './secret-keys.ts';

/** How long an operator may take to tell its metrics; one that a test has stopped never does. Milliseconds. */
const patienceMs = 5_000;

/** Knows every sk of a cluster and looks for it, and for tokens, wherever none may be. */
export interface LeakCheck {
  /** Every sk that ever was. */
  readonly secretKeys: ReadonlySet<string>;
  /**
   * Ends the operators and looks through all that they wrote, told in metrics and left in the cluster.
   *
   * @throws Error that says what was found where, never the secret itself
   */
  finish(operators: readonly OperatorProcess[]): Promise<void>;
}

/** Begins to note every sk of a cluster. */
export async function startLeakCheck(controlPlane: ControlPlane, kubectl: Kubectl): Promise<LeakCheck> {
  const transport = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'leak-check');
  const secretKeys = await watchSecretKeys(transport);
  return {
    secretKeys: secretKeys.all,
    async finish(operators) {
      const metrics = await Promise.all(operators.map(readMetrics));
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

/** The metrics of an operator; empty when it has ended. */
async function readMetrics({ process, healthUrl }: OperatorProcess): Promise<string> {
  if (process.exitCode !== null || process.signalCode !== null) return '';
  try {
    return await (await fetch(`${healthUrl}/metrics`, { signal: AbortSignal.timeout(patienceMs) })).text();
  } catch {
    return '';
  }
}
