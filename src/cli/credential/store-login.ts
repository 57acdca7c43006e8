/** Stores a login: the secret key in the keyring, and the user in the kubeconfig. */
import type { KeyPair } from '../../credential/key-pair.ts';
import { unlessAborted } from '../../kube/time.ts';
import type { CliContext } from '../common/context.ts';
import type { writeKeyring } from './keyring.ts';
import type { KubeconfigChange } from './kubeconfig-change.ts';
import { changeKubeconfig, checkChange } from './kubeconfig-files.ts';

export interface StoreEffects extends Pick<CliContext, 'signal' | 'stderr'> {
  readonly writeKeyring: typeof writeKeyring;
}

/**
 * Writes the keyring before the kubeconfig, because clients use the user as soon as it is there. If the kubeconfig cannot be
 * changed, the keyring has no new entry either.
 *
 * @param pair for the keyring; undefined for none
 * @returns the paths of the changed kubeconfig files
 * @throws TokenError as `changeKubeconfig` and `writeKeyring`; the reason of the signal if it aborts
 */
export async function storeLogin(
  paths: readonly string[],
  change: KubeconfigChange,
  pair: KeyPair | undefined,
  { signal, stderr, writeKeyring }: StoreEffects,
): Promise<string[]> {
  await checkChange(paths, change);
  signal.throwIfAborted();
  const undo = pair && (await unlessAborted(writeKeyring(pair.ak, pair.sk), signal));
  try {
    return await changeKubeconfig(paths, change);
  } catch (error) {
    await undo?.().catch(() => stderr.write('warning: the secret key could not be removed from the keyring\n'));
    throw error;
  }
}
