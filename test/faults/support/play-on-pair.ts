import { type KeyPairSpec, toAccessKeyRecord } from '../../../src/accesskey/model/access-key-record.ts';
import type { AccessKeySpec } from '../../../src/accesskey/model/types.generated.ts';
import { accessKeysPath } from './admin.ts';
import type { Command, Name, PairName } from './commands.ts';
import { isDue } from './due.ts';
import { playOnSecret } from './play-on-secret.ts';
import type { Stage } from './stage.ts';

/** Does what a command says to one pair, or to its Secret. */
export async function playOnPair(
  stage: Stage,
  namespace: string,
  command: Extract<Command, { pair: PairName }>,
): Promise<void> {
  const { of, pair: name } = command;
  switch (command.do) {
    case 'loseSecret':
    case 'breakSecret':
    case 'strip':
      return playOnSecret(stage, namespace, command);
    case 'add':
      return change(stage, namespace, of, ({ keyPairs = [] }) =>
        keyPairs.some((one) => one.name === name) ? undefined : { keyPairs: [...keyPairs, { name }] },
      );
    case 'remove':
      return change(
        ...([stage, namespace, of] as const),
        ({ keyPairs = [] }) => ({ keyPairs: keyPairs.filter((one) => one.name !== name) }),
        (uid) => stage.expectations.forget(uid, name),
      );
    default: {
      const edit = (pair: KeyPairSpec) => (pair.name === name ? { ...pair, ...editOf(stage, command, pair) } : pair);
      return change(
        ...([stage, namespace, of] as const),
        ({ keyPairs = [] }) => ({ keyPairs: keyPairs.map(edit) }),
        (uid) => command.do === 'raise' && stage.expectations.ask(uid, name, true),
      );
    }
  }
}

const customKeys = { akKey: 'ID', skKey: 'KEY' };
const defaultKeys = { akKey: undefined, skKey: undefined };

/** The pairs have names of their own, so that they never want each other's. */
function nameFor({ of, pair, to }: Extract<Command, { do: 'rename' }>): string | undefined {
  if (to === 'default') return undefined;
  return pair === 'main' ? `${of}-${to}` : `${of}-${to}-second`;
}

function editOf(
  { clockIn }: Stage,
  command: Extract<Command, { pair: PairName }>,
  { revision = 1, secret = {} }: KeyPairSpec,
): object {
  switch (command.do) {
    case 'raise':
      return { revision: revision + 1 };
    case 'rename':
      return { secret: { ...secret, name: nameFor(command) } };
    case 'relabel':
      return { secret: { ...secret, labels: { team: command.team, [command.team]: 'yes' } } };
    case 'rekey':
      return { secret: { ...secret, ...(command.custom ? customKeys : defaultKeys) } };
    case 'expire': {
      const time = new Date(clockIn(command.inHours ?? 0)).toISOString();
      return { expiresAt: command.inHours === null ? undefined : time };
    }
    case 'rotation':
      return { rotation: command.rotation ?? undefined };
    default:
      return { enabled: command.do === 'enable' };
  }
}

/**
 * Changes a spec.
 *
 * @param edit gives the members to change; undefined when there is nothing to change
 * @param onChange called when the API server has taken the change and it was one
 */
export async function change(
  stage: Stage,
  namespace: string,
  name: Name,
  edit: (spec: AccessKeySpec) => object | undefined,
  onChange: (uid: string) => void = () => undefined,
): Promise<void> {
  const { admin } = stage.arena;
  const path = `${accessKeysPath(namespace)}/${name}`;
  const before = await admin.get(path);
  const changed = before && edit(before.spec as AccessKeySpec);
  // As they are before the operator can have seen the change.
  const { secrets } = await stage.world();
  if (!changed || !(await admin.merge(path, { spec: changed }))) return;
  const after = await admin.get(path);
  if (!after || after.metadata.generation === before.metadata.generation) return;
  const accessKey = toAccessKeyRecord(after);
  stage.changed.add(accessKey.uid);
  onChange(accessKey.uid);
  // A pair that is let live again, or whose interval is changed, may be overdue.
  for (const pair of accessKey.spec.keyPairs ?? []) {
    if (isDue(accessKey, pair, secrets, stage.clockIn(0))) stage.expectations.ask(accessKey.uid, pair.name, false);
  }
}
