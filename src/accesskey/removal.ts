import { toSecretRecord } from '../credential/secret-record.ts';
import { KubernetesError } from '../kube/errors.ts';
import { isOfServer, type PlanOutcome, removeSecret, type Scope } from './outcome.ts';
import { pairOf } from './pair-facts.ts';
import type { Plan } from './plan.ts';

/**
 * Deletes the Secrets that no pair needs any more.
 *
 * @returns those that the API server did not let go
 */
export async function removeAll(scope: Scope, { remove, retired }: Plan): Promise<PlanOutcome['notRemoved']> {
  const failed: { secretName: string; error: KubernetesError }[] = [];
  const attempt = async (secretName: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof KubernetesError) || isOfServer(error)) throw error;
      failed.push({ secretName, error });
    }
  };
  for (const secret of remove) await attempt(secret.name, () => removeSecret(scope, secret));
  for (const { secretName } of retired) await attempt(secretName, () => removeRetired(scope, secretName));
  return failed;
}

/** The Secret of a removed pair, though it may have lost the labels by which it is watched. */
async function removeRetired(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const live = await api.read(accessKey.namespace, secretName);
  const record = live && toSecretRecord(live);
  if (!record || record.ownerUID !== accessKey.uid || record.deleting) return;
  if (!pairOf(accessKey, record)) await removeSecret(scope, record);
}
