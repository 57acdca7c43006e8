import { type KeyPairSpec, toAccessKeyRecord } from '../../../src/accesskey/model/access-key-record.ts';
import type { AccessKeySpec } from '../../../src/accesskey/model/types.generated.ts';
import { accessKeysPath } from './admin.ts';
import type { Command, Name, PairName } from './commands.ts';
import { isDue } from './expectations.ts';
import type { Harness } from './harness.ts';
import { runOnSecret } from './run-on-secret.ts';

/**
 * Above the revision of every pair, because a pair that is removed and added again may keep its recorded revision, which
 * only a higher one rotates.
 */
let highestRevision = 1;

/** Runs a command on one pair or its Secret. */
export async function runOnPair(
  harness: Harness,
  namespace: string,
  command: Extract<Command, { pair: PairName }>,
): Promise<void> {
  const { of, pair: name } = command;
  switch (command.do) {
    case 'loseSecret':
    case 'breakSecret':
    case 'strip':
      return runOnSecret(harness, namespace, command);
    case 'add':
      return change(harness, {
        namespace,
        name: of,
        edit: ({ keyPairs = [] }) =>
          keyPairs.some((one) => one.name === name) ? undefined : { keyPairs: [...keyPairs, { name }] },
      });
    case 'remove':
      return change(harness, {
        namespace,
        name: of,
        edit: ({ keyPairs = [] }) => ({ keyPairs: keyPairs.filter((one) => one.name !== name) }),
        onChange: (uid) => harness.expectations.forget(uid, name),
      });
    default: {
      // If the annotations are lost at the same time, the operator does not know the data key of the former token.
      if (command.do === 'token') await harness.settle();
      const edit = (pair: KeyPairSpec) => (pair.name === name ? { ...pair, ...editOf(harness, command, pair) } : pair);
      return change(harness, {
        namespace,
        name: of,
        edit: ({ keyPairs = [] }) => ({ keyPairs: keyPairs.map(edit) }),
        onChange(uid) {
          if (command.do === 'raise') harness.expectations.request(uid, name, true);
          if (command.do === 'lower') harness.expectations.withdraw(uid, name);
        },
      });
    }
  }
}

const customKeys = { akKey: 'ID', skKey: 'KEY' };
const defaultKeys = { akKey: undefined, skKey: undefined };

/** The two pairs never use the same Secret name. */
function nameFor({ of, pair, to }: Extract<Command, { do: 'rename' }>): string | undefined {
  if (to === 'default') return undefined;
  return pair === 'main' ? `${of}-${to}` : `${of}-${to}-second`;
}

function editOf(
  { clockIn }: Harness,
  command: Extract<Command, { pair: PairName }>,
  { secret = {} }: KeyPairSpec,
): object {
  switch (command.do) {
    case 'raise':
      highestRevision += 1;
      return { revision: highestRevision };
    case 'lower':
      return { revision: undefined };
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
    case 'token':
      return { token: command.token ?? undefined };
    case 'rotation':
      return { rotation: command.rotation ?? undefined };
    default:
      return { enabled: command.do === 'enable' };
  }
}

export interface SpecChange {
  namespace: string;
  /** Name of the AccessKey. */
  name: Name;
  /** @returns the fields to change, or undefined if nothing is to change */
  edit: (spec: AccessKeySpec) => object | undefined;
  /** Called if the API server accepted the edit and the spec changed. */
  onChange?: (uid: string) => void;
}

export async function change(harness: Harness, { namespace, name, edit, onChange }: SpecChange): Promise<void> {
  const { admin } = harness.cluster;
  const path = `${accessKeysPath(namespace)}/${name}`;
  const before = await admin.get(path);
  const changed = before && edit(before.spec as AccessKeySpec);
  // Read before the operator can react to the change.
  const { secrets } = await harness.world();
  if (!changed || !(await admin.merge(path, { spec: changed }))) return;
  const after = await admin.get(path);
  if (!after || after.metadata.generation === before.metadata.generation) return;
  const accessKey = toAccessKeyRecord(after);
  harness.changed.add(accessKey.uid);
  onChange?.(accessKey.uid);
  // A pair that becomes live again, or whose interval changed, may be overdue.
  for (const pair of accessKey.spec.keyPairs ?? []) {
    if (isDue({ secrets, now: harness.clockIn(0) }, accessKey, pair))
      harness.expectations.request(accessKey.uid, pair.name, false);
  }
}
