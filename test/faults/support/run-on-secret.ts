import { annotations } from '../../../src/credential/secret-format.ts';
import type { RawSecret } from '../../support/secret-keys.ts';
import { accessKeysPath, secretsPath } from './admin.ts';
import type { Command } from './commands.ts';
import type { Harness } from './harness.ts';
import { isOfPair } from './history.ts';

type SecretCommand = Extract<Command, { do: 'loseSecret' | 'breakSecret' } | { do: 'strip' }>;

/** Runs a command on the Secret of a pair, if it exists. */
export async function runOnSecret(harness: Harness, namespace: string, command: SecretCommand): Promise<void> {
  const { admin } = harness.cluster;
  // The annotations may hold recovery data that is not in the status yet.
  if (command.do === 'strip') await harness.settle();
  const accessKey = await admin.get(`${accessKeysPath(namespace)}/${command.of}`);
  const secrets = (await admin.list(secretsPath(namespace))) as RawSecret[];
  const uid = String(accessKey?.metadata.uid);
  const secret = secrets.find((one) => isOfPair(one, uid, command.pair));
  if (!secret) return;
  const path = `${secretsPath(namespace)}/${secret.metadata.name}`;
  // The pair can have a second Secret while the operator reconciles a change of the spec.
  const isCertain = !harness.changed.has(uid);
  if (command.do === 'strip') {
    await admin.merge(path, { metadata: { [command.what]: null } });
  } else if (command.do === 'loseSecret' ? await admin.remove(path) : await admin.merge(path, broken(secret))) {
    harness.expectations.request(uid, command.pair, isCertain);
  }
}

/** The resourceVersion ensures that the data key is still the pair's. */
function broken({ metadata }: RawSecret): object {
  const key = metadata.annotations?.[annotations.skKey] ?? 'sk';
  const value = Buffer.from('broken').toString('base64');
  return { metadata: { resourceVersion: metadata.resourceVersion }, data: { [key]: value } };
}
