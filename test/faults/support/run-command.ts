import { pairStatusOf } from '../../../src/accesskey/model/access-key-record.ts';
import { accessKeysPath, secretsPath } from './admin.ts';
import type { Command, Name } from './commands.ts';
import { isDue, isServed } from './expectations.ts';
import type { Harness } from './harness.ts';
import { change, runOnPair } from './run-on-pair.ts';

/** Runs a command on the cluster and updates the model. A command that does not apply is ignored. */
export async function runCommand(harness: Harness, namespace: string, command: Command): Promise<void> {
  harness.counts[command.do] = (harness.counts[command.do] ?? 0) + 1;
  if ('pair' in command) return runOnPair(harness, namespace, command);
  if ('of' in command) return runOnAccessKey(harness, namespace, command);
  switch (command.do) {
    case 'kill':
      await harness.kill();
      return command.staysDown ? undefined : harness.start();
    case 'faults':
      return harness.setFaults(command.on);
    case 'advance':
      return advance(harness, namespace, command);
    case 'settle':
      return harness.settle();
    case 'restartApiServer':
      // Settle first: the garbage collector can miss events while its watch is interrupted, see workload.ts.
      await harness.settle();
      await harness.cluster.controlPlane.stopApiServer('SIGKILL');
      return harness.cluster.controlPlane.startApiServer();
  }
}

async function advance(
  harness: Harness,
  namespace: string,
  { hours, whileDown }: Extract<Command, { do: 'advance' }>,
): Promise<void> {
  await harness.settle();
  if (whileDown) await harness.kill();
  const world = await harness.world();
  for (const accessKey of world.accessKeys) {
    for (const pair of accessKey.spec.keyPairs ?? []) {
      const now = harness.clockIn(hours);
      if (!isDue({ ...world, now }, accessKey, pair)) continue;
      // A rotation that was due when the interval was set is announced for later.
      const isPostponed = Date.parse(pairStatusOf(accessKey, pair.name)?.nextRotationAt ?? '') > now;
      harness.expectations.request(accessKey.uid, pair.name, !isPostponed && isServed(world, accessKey, pair));
    }
  }
  harness.advance(hours);
  if (!whileDown) await harness.touch(namespace);
  await harness.settle();
}

async function runOnAccessKey(
  harness: Harness,
  namespace: string,
  command: Extract<Command, { of: Name }>,
): Promise<void> {
  const { admin } = harness.cluster;
  const path = `${accessKeysPath(namespace)}/${command.of}`;
  const other = 'name' in command ? `${command.of}-${command.name}` : '';
  switch (command.do) {
    case 'create': {
      const user = { name: `${namespace}-${command.of === 'cat' ? 'ann' : command.of}` };
      const spec = { user, keyPairs: command.pairs.map((name) => ({ name })) };
      const metadata = { namespace, name: command.of };
      await admin.create(accessKeysPath(namespace), {
        apiVersion: 'ghippo.io/v1alpha1',
        kind: 'AccessKey',
        metadata,
        spec,
      });
      return;
    }
    case 'delete':
      await admin.remove(path);
      return;
    case 'suspend':
    case 'resume':
      return change(harness, {
        namespace,
        name: command.of,
        edit: () => ({ suspended: command.do === 'suspend' }),
      });
    case 'takeName': {
      const secret = { metadata: { namespace, name: other }, type: 'Opaque', data: { sk: 'Zm9yZWlnbg==' } };
      if (!(await admin.create(secretsPath(namespace), secret))) return;
      const created = (await admin.list(secretsPath(namespace))).find(({ metadata }) => metadata.name === other);
      harness.foreign.set(`${namespace}/${other}`, JSON.stringify(created));
      return;
    }
    case 'freeName':
      if (!harness.foreign.delete(`${namespace}/${other}`)) return;
      await admin.remove(`${secretsPath(namespace)}/${other}`);
      return harness.touch(namespace);
  }
}
