import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { aborted, pause } from '../../kube/abort.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError, isStatus } from '../../kube/errors.ts';
import { type RawObject, secretTarget } from '../../kube/list-watch.ts';
import { createReflector } from '../../kube/reflector.ts';
import { createStore, type Stored } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';
import { deriveKeys, type SessionKeys } from './session.ts';

/** Type of the Secret, and the key of its data. */
const secretType = 'ghippo.io/web-session';
const dataKey = 'key';
const keyLength = 32;
const retryMs = 5_000;

export interface SessionSecretOptions {
  transport: Transport;
  client: KubernetesClient;
  secret: { namespace: string; name: string };
  log: Logger;
}

/** The session keys, shared by all replicas. */
export interface SessionSecret {
  /** @returns the session keys, or undefined while the Secret is missing or invalid */
  current(): SessionKeys | undefined;
  /** Watches the Secret until the signal aborts and creates it whenever it is missing. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface SecretKeyRecord extends Stored {
  readonly bytes: Buffer;
}

/**
 * Keeps the Secret with the session key. When several replicas create it at once, the API server lets one succeed. Deleting
 * the Secret ends all sessions, because a new key is generated. An invalid Secret is left alone, and sign-in stays
 * unavailable.
 */
export function createSessionSecret({ transport, client, secret, log }: SessionSecretOptions): SessionSecret {
  const store = createStore<SecretKeyRecord>({});
  const key = `${secret.namespace}/${secret.name}`;
  let keys: SessionKeys | undefined;
  let wake = Promise.withResolvers<void>();
  const reflector = createReflector({
    transport,
    target: secretTarget(secret),
    store,
    transform: toRecord,
    log,
  });

  store.subscribe(({ current }) => {
    const isSound = current?.bytes.length === keyLength;
    keys = isSound ? deriveKeys(current.bytes) : undefined;
    if (current && !isSound)
      log.error({ secret: key }, `data.${dataKey} must be ${keyLength} bytes, sign-in is unavailable`);
    wake.resolve();
  });

  async function make(): Promise<void> {
    const data = { [dataKey]: randomBytes(keyLength).toString('base64') };
    const metadata = { name: secret.name, labels: { 'app.kubernetes.io/name': 'accesskey-operator' } };
    try {
      await client.core.createNamespacedSecret({
        namespace: secret.namespace,
        body: { metadata, type: secretType, data },
      });
    } catch (error) {
      if (!isStatus(error, 409))
        log.error({ secret: key, reason: describeError(error) }, 'cannot create session-key Secret');
    }
  }

  async function keep(signal: AbortSignal): Promise<void> {
    const ended = aborted(signal);
    await Promise.race([reflector.synced, ended]);
    while (!signal.aborted) {
      wake = Promise.withResolvers();
      const isMissing = store.size === 0;
      if (isMissing) await make();
      await Promise.race([wake.promise, isMissing ? pause(retryMs, signal) : ended]);
    }
  }

  return {
    current: () => keys,
    async run(signal) {
      await Promise.all([keep(signal), reflector.run(signal)]);
    },
  };
}

function toRecord({ metadata, data }: RawObject): SecretKeyRecord {
  const { [dataKey]: value = '' } = (data ?? {}) as Record<string, string>;
  const { name, namespace, resourceVersion } = metadata;
  return { key: `${namespace}/${name}`, resourceVersion, bytes: Buffer.from(value, 'base64') };
}
