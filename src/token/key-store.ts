import type { KubernetesClient } from '../kube/client.ts';
import { isStatus } from '../kube/errors.ts';
import { generateSigningKeys, parseSigningKeys, SigningKeyError, type SigningKeys } from './signing-keys.ts';

/** Type of the Secret that holds the signing keys. */
export const signingKeySecretType = 'ghippo.io/signing-keys';
const dataKey = 'keys.json';

export interface SecretReference {
  namespace: string;
  name: string;
}

/**
 * Loads the signing keys from their Secret, which is made when there is none. Of replicas that start at the same time
 * one makes it, by the atomicity of create, and all use it. A Secret that is there is never written.
 *
 * @throws SigningKeyError when the Secret is broken: a person must restore or delete it
 * @throws KubernetesError, ConnectionError when it cannot be read or made
 */
export async function loadSigningKeys(client: KubernetesClient, reference: SecretReference): Promise<SigningKeys> {
  const data = (await read(client, reference)) ?? (await create(client, reference));
  try {
    return await parseSigningKeys(Buffer.from(data ?? '', 'base64').toString('utf8'));
  } catch (error) {
    if (!(error instanceof SigningKeyError)) throw error;
    throw new SigningKeyError(`Secret ${reference.namespace}/${reference.name}, ${dataKey}: ${error.message}`);
  }
}

async function read(client: KubernetesClient, reference: SecretReference): Promise<string | undefined> {
  try {
    const secret = await client.core.readNamespacedSecret(reference);
    return secret.data?.[dataKey] ?? '';
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function create(client: KubernetesClient, { namespace, name }: SecretReference): Promise<string | undefined> {
  const body = {
    metadata: { name, labels: { 'app.kubernetes.io/name': 'accesskey-operator' } },
    type: signingKeySecretType,
    stringData: { [dataKey]: await generateSigningKeys(new Date()) },
  };
  try {
    const secret = await client.core.createNamespacedSecret({ namespace, body });
    return secret.data?.[dataKey];
  } catch (error) {
    if (isStatus(error, 409)) return read(client, { namespace, name });
    throw error;
  }
}
