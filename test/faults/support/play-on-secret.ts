import { annotations } from '../../../src/credential/secret-record.ts';
import type { RawSecret } from '../../support/secret-keys.ts';
import { accessKeysPath, secretsPath } from './admin.ts';
import type { Command } from './commands.ts';
import { isOfPair } from './history.ts';
import type { Stage } from './stage.ts';

type SecretCommand = Extract<Command, { do: 'loseSecret' | 'breakSecret' } | { do: 'strip' }>;

/** Does what a command says to the Secret of a pair, if there is one. */
export async function playOnSecret(stage: Stage, namespace: string, command: SecretCommand): Promise<void> {
  const { admin } = stage.arena;
  // What is not noted anywhere yet but on the Secret is lost with its notes.
  if (command.do === 'strip') await stage.settle();
  const accessKey = await admin.get(`${accessKeysPath(namespace)}/${command.of}`);
  const secrets = (await admin.list(secretsPath(namespace))) as RawSecret[];
  const uid = String(accessKey?.metadata.uid);
  const secret = secrets.find((one) => isOfPair(one, uid, command.pair));
  if (!secret) return;
  const path = `${secretsPath(namespace)}/${secret.metadata.name}`;
  // While a change of the spec is under way there may be a second Secret of the pair, or soon be one.
  const isCertain = !stage.changed.has(uid);
  if (command.do === 'strip') {
    await admin.merge(path, { metadata: { [command.what]: null } });
  } else if (command.do === 'loseSecret' ? await admin.remove(path) : await admin.merge(path, broken(secret))) {
    stage.expectations.ask(uid, command.pair, isCertain);
  }
}

/** Only what is as it was seen is broken, or a key of the data might be meant that is not the pair's any more. */
function broken({ metadata }: RawSecret): object {
  const key = metadata.annotations?.[annotations.skKey] ?? 'sk';
  const value = Buffer.from('broken').toString('base64');
  return { metadata: { resourceVersion: metadata.resourceVersion }, data: { [key]: value } };
}
