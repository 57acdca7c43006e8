import { generateKeyPair, type KeyPair } from '../credential/key-pair.ts';
import { dataKeys, type SecretRecord, secretType, toSecretRecord } from '../credential/secret-record.ts';
import { type KubernetesClient, mergePatch } from '../kube/client.ts';
import { isStatus, KubernetesError } from '../kube/errors.ts';
import { type AccessKeyRecord, group, type KeyPairSpec, kind, version } from './access-key-record.ts';
import { labelsOf, type PairAction, type Plan, planSecret } from './plan.ts';

/** What became of one pair. */
export type PairOutcome = { pair: KeyPairSpec } & (
  | {
      kind: 'present';
      secret: SecretRecord;
      /** What was done; `lost` means that status knew a pair and its Secret was gone. */
      change: 'none' | 'created' | 'moved' | 'repaired' | 'regenerated' | 'lost';
      /** The data keys that were malformed, when it was regenerated. */
      malformed: readonly string[];
    }
  | { kind: 'conflict'; secretName: string }
  | { kind: 'failed'; secretName: string; error: KubernetesError }
);

export interface PlanOutcome {
  pairs: readonly PairOutcome[];
  removed: readonly SecretRecord[];
}

/**
 * Carries out a plan. Every step is safe to repeat and tells by precondition (uid, resourceVersion) what it was decided
 * on, so a stale cache can make it fail, never do harm: it then throws and the key is tried again.
 *
 * A pair whose Secret the API server refuses (quota, admission) does not stop the others: its outcome is `failed`.
 *
 * @throws KubernetesError 409 when the cache was stale
 * @throws ConnectionError when the API server does not answer
 */
export async function apply(client: KubernetesClient, accessKey: AccessKeyRecord, plan: Plan): Promise<PlanOutcome> {
  const pairs: PairOutcome[] = [];
  for (const action of plan.pairs) pairs.push(await applyPair(client, accessKey, action));
  for (const secret of plan.remove) await remove(client, secret);
  return { pairs, removed: plan.remove };
}

async function applyPair(
  client: KubernetesClient,
  accessKey: AccessKeyRecord,
  action: PairAction,
): Promise<PairOutcome> {
  try {
    switch (action.kind) {
      case 'keep':
        return present(action.pair, action.secret, 'none');
      case 'repair':
        return present(action.pair, await repair(client, accessKey, action), 'repaired');
      case 'regenerate':
        return present(
          action.pair,
          await regenerate(client, accessKey, action),
          'regenerated',
          action.secret.malformed,
        );
      case 'create':
        return await createOrTake(client, accessKey, action);
    }
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status === 409) throw error;
    const secretName = action.kind === 'create' ? action.secretName : action.secret.name;
    return { kind: 'failed', pair: action.pair, secretName, error };
  }
}

function present(
  pair: KeyPairSpec,
  secret: SecretRecord,
  change: (PairOutcome & { kind: 'present' })['change'],
  malformed: readonly string[] = [],
): PairOutcome {
  return { kind: 'present', pair, secret, change, malformed };
}

/**
 * The cache shows no Secret, which may be because it is stale, because the label was lost or because the name is
 * somebody else's: the API server is asked before anything is made.
 */
async function createOrTake(
  client: KubernetesClient,
  accessKey: AccessKeyRecord,
  action: PairAction & { kind: 'create' },
): Promise<PairOutcome> {
  const { pair, secretName } = action;
  const live = await read(client, accessKey.namespace, secretName);
  if (live) {
    if (live.ownerUID !== accessKey.uid) return { kind: 'conflict', pair, secretName };
    return applyPair(client, accessKey, planSecret(accessKey, pair, live));
  }
  const moved = action.from && (await readPair(client, action.from));
  const secret = await create(client, accessKey, action, moved ?? generateKeyPair());
  return present(pair, secret, moved ? 'moved' : createdOrLost(accessKey, pair));
}

/** Status remembers the ak of each pair, so a Secret that is not there although a pair was made has been deleted. */
function createdOrLost(accessKey: AccessKeyRecord, pair: KeyPairSpec): 'created' | 'lost' {
  const known = accessKey.status.keyPairs?.find((one) => one.name === pair.name);
  return known?.accessKey === undefined ? 'created' : 'lost';
}

async function read(client: KubernetesClient, namespace: string, name: string): Promise<SecretRecord | undefined> {
  try {
    return toSecretRecord(await client.core.readNamespacedSecret({ namespace, name }));
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function readPair(client: KubernetesClient, { namespace, name }: SecretRecord): Promise<KeyPair | undefined> {
  const secret = await client.core.readNamespacedSecret({ namespace, name });
  if (toSecretRecord(secret).malformed.length > 0) return undefined;
  const decode = (value = '') => Buffer.from(value, 'base64').toString('utf8');
  return { ak: decode(secret.data?.[dataKeys.ak]), sk: decode(secret.data?.[dataKeys.sk]) };
}

async function create(
  client: KubernetesClient,
  accessKey: AccessKeyRecord,
  { pair, secretName }: PairAction & { kind: 'create' },
  keyPair: KeyPair,
): Promise<SecretRecord> {
  const { namespace, name, uid } = accessKey;
  const secret = await client.core.createNamespacedSecret({
    namespace,
    body: {
      metadata: {
        name: secretName,
        labels: labelsOf(accessKey, pair),
        // Without blockOwnerDeletion, which would need rights on accesskeys/finalizers: nothing waits for the Secret.
        ownerReferences: [{ apiVersion: `${group}/${version}`, kind, name, uid, controller: true }],
      },
      type: secretType,
      stringData: { [dataKeys.ak]: keyPair.ak, [dataKeys.sk]: keyPair.sk },
    },
  });
  return toSecretRecord(secret);
}

async function repair(
  client: KubernetesClient,
  accessKey: AccessKeyRecord,
  { pair, secret }: PairAction & { kind: 'repair' },
): Promise<SecretRecord> {
  return patch(client, secret, { metadata: { labels: labelsOf(accessKey, pair) } });
}

async function regenerate(
  client: KubernetesClient,
  accessKey: AccessKeyRecord,
  { pair, secret }: PairAction & { kind: 'regenerate' },
): Promise<SecretRecord> {
  const { ak, sk } = generateKeyPair();
  const encode = (value: string) => Buffer.from(value).toString('base64');
  return patch(client, secret, {
    metadata: { labels: labelsOf(accessKey, pair) },
    data: { [dataKeys.ak]: encode(ak), [dataKeys.sk]: encode(sk) },
  });
}

async function patch(
  client: KubernetesClient,
  { namespace, name, uid, resourceVersion }: SecretRecord,
  change: { metadata: { labels: Record<string, string> }; data?: Record<string, string> },
): Promise<SecretRecord> {
  const body = { ...change, metadata: { ...change.metadata, uid, resourceVersion } };
  return toSecretRecord(await client.core.patchNamespacedSecret({ namespace, name, body }, mergePatch));
}

async function remove(client: KubernetesClient, secret: SecretRecord): Promise<void> {
  const { namespace, name, uid, resourceVersion } = secret;
  try {
    await client.core.deleteNamespacedSecret({ namespace, name, body: { preconditions: { uid, resourceVersion } } });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}
