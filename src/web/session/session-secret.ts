import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { secretTypes } from '../../kube/own-names.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { WatchCache } from '../../kube/reflector.ts';
import type { NamespacedName } from '../../kube/resource.ts';
import type { Stored } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';
import { createOwnSecret, createWatchedSecret } from '../../kube/watched-secret.ts';
import { deriveKeys, type SessionKeys } from './session.ts';

/** Key of the Secret's data. */
const dataKey = 'key';
const keyLength = 32;

export interface SessionSecretOptions {
  transport: Transport;
  client: KubernetesClient;
  secret: NamespacedName;
  log: Logger;
}

/** The session keys, shared by all replicas. */
export interface SessionSecret {
  /** @returns the session keys, or undefined while the Secret is missing or invalid */
  current(): SessionKeys | undefined;
  /** Of the Secret, for metrics. */
  readonly watchCache: WatchCache;
  /** Watches the Secret until the signal aborts, and creates it whenever it is missing. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface SessionKeyRecord extends Stored {
  readonly bytes: Buffer;
}

/**
 * Derives the session keys from a Secret. Deleting the Secret ends all sessions, since it is created again with a new
 * key. A Secret with invalid content is left unchanged, and sign-in is unavailable.
 */
export function createSessionSecret({ transport, client, secret, log }: SessionSecretOptions): SessionSecret {
  let keys: SessionKeys | undefined;
  const { key, store, watchCache, run } = createWatchedSecret({
    transport,
    secret,
    transform: toRecord,
    create: () =>
      createOwnSecret(client, secret, {
        type: secretTypes.webSession,
        data: { [dataKey]: randomBytes(keyLength).toString('base64') },
      }),
    recreate: true,
    purpose: 'session-key',
    log,
  });
  store.subscribe(({ current }) => {
    const isValid = current?.bytes.length === keyLength;
    keys = isValid ? deriveKeys(current.bytes) : undefined;
    if (current && !isValid) {
      log.error({ secret: key }, `data.${dataKey} must be ${keyLength} bytes, sign-in is unavailable`);
    }
  });
  return { current: () => keys, watchCache, run };
}

function toRecord({ metadata, data }: RawObject): SessionKeyRecord {
  const { [dataKey]: value = '' } = (data ?? {}) as Record<string, string>;
  const { name, namespace, resourceVersion } = metadata;
  return { key: `${namespace}/${name}`, resourceVersion, bytes: Buffer.from(value, 'base64') };
}
