import type { Kubectl } from '../../tools/kubectl.ts';
import { operatorNamespace, shop } from './environment.ts';

const commands = [
  ['get', 'pods', '--all-namespaces', '-o', 'wide'],
  ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
  ['logs', '-n', operatorNamespace, '-l', 'app.kubernetes.io/name=accesskey-operator', '--tail=30', '--prefix'],
  ['logs', '-n', shop, '--all-pods=true', '--tail=10', '--prefix', '-l', 'app'],
];

/** Prints pods, Events and logs after a failed test. */
export async function diagnosis(kubectl: Kubectl): Promise<void> {
  for (const command of commands) {
    const output = await kubectl.run(command).catch((error: Error) => error.message);
    process.stderr.write(`\n$ kubectl ${command.join(' ')}\n${output.split('\n').slice(-60).join('\n')}\n`);
  }
}
