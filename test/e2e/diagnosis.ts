import type { Kubectl } from '../../tools/kubectl.ts';
import { operatorNamespace, shop } from './environment.ts';

const questions = [
  ['get', 'pods', '--all-namespaces', '-o', 'wide'],
  ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
  ['logs', '-n', operatorNamespace, '-l', 'app.kubernetes.io/name=accesskey-operator', '--tail=30', '--prefix'],
  ['logs', '-n', shop, '--all-pods=true', '--tail=10', '--prefix', '-l', 'app'],
];

/** Writes what a person would look at first when a test has failed. */
export async function diagnosis(kubectl: Kubectl): Promise<void> {
  for (const question of questions) {
    const answer = await kubectl.run(question).catch((error: Error) => error.message);
    process.stderr.write(`\n$ kubectl ${question.join(' ')}\n${answer.split('\n').slice(-60).join('\n')}\n`);
  }
}
