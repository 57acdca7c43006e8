/** The ak and sk of a key pair, for commands that were asked to print them. */
import { type AccessKeyRecord, conditionOf, type KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import { isStatus } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { readPairSecret } from '../common/read-pair-secret.ts';

/**
 * Reads a key pair from its Secret, with the permissions of the user.
 *
 * @throws CliError if there is no Secret, or it has no valid key pair
 */
export async function readKeyPair(
  { signal }: Pick<CliContext, 'signal'>,
  cluster: Cluster,
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
): Promise<KeyPair> {
  const { secretName, keyPair } = await readPairSecret(cluster, accessKey, pair, signal).catch((error: unknown) => {
    throw isStatus(error, 404) ? notReady(accessKey, pair, error) : error;
  });
  if (!keyPair) throw new CliError(`Secret "${secretName}" has no key pair yet`);
  return keyPair;
}

function notReady(accessKey: AccessKeyRecord, pair: KeyPairSpec, cause: unknown): CliError {
  const ready = conditionOf(accessKey, 'Ready');
  const because = ready?.status === 'False' ? `: ${ready.message} (${ready.reason})` : '';
  return new CliError(`key pair ${accessKey.name}/${pair.name} has no Secret${because}`, { cause });
}

/** Prints a key pair with the variable names of the downloads of the console, which examples/gitleaks.toml finds. */
export function printSecret({ stdout }: Pick<CliContext, 'stdout'>, { ak, sk }: KeyPair): void {
  stdout.write(`ACCESS_KEY=${ak}\nSECRET_KEY=${sk}\n`);
}
