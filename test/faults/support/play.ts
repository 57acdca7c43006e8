import { accessKeysPath, secretsPath } from './admin.ts';
import type { Command, Name } from './commands.ts';
import { isDue } from './due.ts';
import { isServed } from './expectations.ts';
import { change, playOnPair } from './play-on-pair.ts';
import type { Stage } from './stage.ts';

/** Does to the cluster what a command says, and tells the model what must come of it. What cannot be done is nothing. */
export async function play(stage: Stage, namespace: string, command: Command): Promise<void> {
  stage.counts[command.do] = (stage.counts[command.do] ?? 0) + 1;
  if ('pair' in command) return playOnPair(stage, namespace, command);
  if ('of' in command) return playOnAccessKey(stage, namespace, command);
  switch (command.do) {
    case 'kill':
      await stage.kill();
      return command.staysDown ? undefined : stage.start();
    case 'faults':
      return stage.setFaults(command.on);
    case 'advance':
      return advance(stage, namespace, command);
    case 'settle':
      return stage.settle();
    case 'restartApiServer':
      // Settled before: what the garbage collector misses while its watch is cut is not the operator's (workload.ts).
      await stage.settle();
      await stage.arena.controlPlane.stopApiServer('SIGKILL');
      return stage.arena.controlPlane.startApiServer();
  }
}

async function advance(
  stage: Stage,
  namespace: string,
  { hours, whileDown }: Extract<Command, { do: 'advance' }>,
): Promise<void> {
  await stage.settle();
  if (whileDown) await stage.kill();
  const world = await stage.world();
  for (const accessKey of world.accessKeys) {
    for (const pair of accessKey.spec.keyPairs ?? []) {
      if (!isDue(accessKey, pair, world.secrets, stage.clockIn(hours))) continue;
      stage.expectations.ask(accessKey.uid, pair.name, isServed(world, accessKey, pair));
    }
  }
  stage.advance(hours);
  if (!whileDown) await stage.touch(namespace);
  await stage.settle();
}

async function playOnAccessKey(
  stage: Stage,
  namespace: string,
  command: Extract<Command, { of: Name }>,
): Promise<void> {
  const { admin } = stage.arena;
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
      return change(stage, namespace, command.of, () => ({ suspended: command.do === 'suspend' }));
    case 'takeName': {
      const secret = { metadata: { namespace, name: other }, type: 'Opaque', data: { sk: 'Zm9yZWlnbg==' } };
      if (!(await admin.create(secretsPath(namespace), secret))) return;
      const made = (await admin.list(secretsPath(namespace))).find(({ metadata }) => metadata.name === other);
      stage.foreign.set(`${namespace}/${other}`, JSON.stringify(made));
      return;
    }
    case 'freeName':
      if (!stage.foreign.delete(`${namespace}/${other}`)) return;
      await admin.remove(`${secretsPath(namespace)}/${other}`);
      return stage.touch(namespace);
  }
}
