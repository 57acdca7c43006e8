import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { WatchCache } from '../../kube/reflector.ts';
import { type NamespacedName, resources } from '../../kube/resource.ts';
import type { Stored } from '../../kube/store.ts';
import { pause } from '../../kube/time.ts';
import type { Transport } from '../../kube/transport.ts';
import { createSecret, createWatchedSecret } from '../../kube/watched-secret.ts';
import type { SingleSignOn } from '../session/session.ts';
import { addEnded, createEndedCheck, type EndedList, parseEndedList } from './ended-list.ts';
import type { EndedSignOn } from './logout-token.ts';

const secretType = 'ghippo.io/web-sign-outs';
/** Key of the Secret's data. */
const dataKey = 'ended';
const attempts = 5;
/** How long to wait for the watch after another replica has changed the Secret, milliseconds. */
const retryMs = 200;

/** The sign-ons that the identity provider has ended, shared by all replicas. */
export interface EndedSignOns {
  /** @returns undefined while the Secret is missing or invalid */
  has(signOn: SingleSignOn): boolean | undefined;
  /** @throws KubernetesError, ConnectionError */
  add(ended: EndedSignOn): Promise<void>;
  /** Of the Secret, for metrics. */
  readonly watchCache: WatchCache;
  /** Watches the Secret until the signal aborts, and creates it whenever it is missing. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface EndedSignOnsOptions {
  transport: Transport;
  client: KubernetesClient;
  secret: NamespacedName;
  /** Maximum duration of a session, milliseconds. */
  sessionMs: number;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

interface EndedRecord extends Stored {
  readonly list: EndedList | undefined;
}

/** If the Secret is deleted, all earlier sign-ons count as ended, so that no ended session is valid again. */
export function createEndedSignOns({
  transport,
  client,
  secret,
  sessionMs,
  log,
  now,
}: EndedSignOnsOptions): EndedSignOns {
  let check: ReturnType<typeof createEndedCheck> | undefined;
  const content = (list: EndedList) => ({ [dataKey]: Buffer.from(JSON.stringify(list)).toString('base64') });
  const { key, store, watchCache, run } = createWatchedSecret({
    transport,
    secret,
    transform: toRecord,
    create: () =>
      createSecret(client, secret, { type: secretType, data: content({ endedBefore: now(), entries: [] }) }),
    recreate: true,
    purpose: 'sign-out',
    log,
  });
  store.subscribe(({ current }) => use(current));

  function use(record: EndedRecord | undefined): void {
    check = record?.list && createEndedCheck(record.list);
    if (record && !record.list)
      log.error({ secret: key }, `data.${dataKey} is not valid, single sign-on is unavailable`);
  }

  async function tryToAdd(ended: EndedSignOn): Promise<void> {
    const record = store.get(key);
    if (!record?.list) throw new Error(`Secret ${key} is missing or invalid`);
    const list = addEnded(record.list, ended, now() + sessionMs, now());
    const patch = { metadata: { resourceVersion: record.resourceVersion }, data: content(list) };
    const written = await client.patch<RawObject>({ ...resources.secrets, ...secret }, patch);
    // This replica does not wait for its watch.
    use(toRecord(written));
  }

  return {
    has: (signOn) => check?.(signOn),
    async add(ended) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await tryToAdd(ended);
          return;
        } catch (error) {
          if (!isStatus(error, 409) || attempt === attempts) throw error;
          await pause(retryMs, new AbortController().signal);
        }
      }
    },
    watchCache,
    run,
  };
}

function toRecord({ metadata, data }: RawObject): EndedRecord {
  const { [dataKey]: value = '' } = (data ?? {}) as Record<string, string>;
  const { name, namespace, resourceVersion } = metadata;
  return {
    key: `${namespace}/${name}`,
    resourceVersion,
    list: parseEndedList(Buffer.from(value, 'base64').toString()),
  };
}
