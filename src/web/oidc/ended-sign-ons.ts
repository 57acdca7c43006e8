import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import { secretTypes } from '../../kube/own-names.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { WatchCache } from '../../kube/reflector.ts';
import { type NamespacedName, resources } from '../../kube/resource.ts';
import type { Stored } from '../../kube/store.ts';
import { backoffMs, pause } from '../../kube/time.ts';
import type { Transport } from '../../kube/transport.ts';
import { createOwnSecret, createWatchedSecret } from '../../kube/watched-secret.ts';
import type { SingleSignOn } from '../session/session.ts';
import { addEnded, createEndedCheck, type EndedList, formatEndedList, parseEndedList } from './ended-list.ts';
import type { EndedSignOn } from './logout-token.ts';

/** Keys of the Secret's data: the list, and for its limit per user, which user has which entry. */
const keys = { ended: 'ended', users: 'users' };
/** How often a write is tried. Only other replicas cause conflicts, and one of them succeeds each time. */
const attempts = 8;
const backoff = { baseMs: 50, maxMs: 1_000 };

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
  readonly has: ReturnType<typeof createEndedCheck> | undefined;
}

/**
 * Concurrent sign-outs of this replica become one write, which is based on the latest object that this replica knows.
 *
 * If the Secret is deleted, all earlier sign-ons count as ended, so that no ended session is valid again.
 */
export function createEndedSignOns({
  transport,
  client,
  secret,
  sessionMs,
  log,
  now,
}: EndedSignOnsOptions): EndedSignOns {
  /** What this replica has written or read, until the watch shows it. */
  let newest: EndedRecord | undefined;
  /** Sign-ons for the next write, that write, and the one in flight. */
  let waiting: EndedSignOn[] = [];
  let next: Promise<void> | undefined;
  let writing = Promise.resolve();
  const { key, store, watchCache, run } = createWatchedSecret({
    transport,
    secret,
    transform: toRecord,
    create: () =>
      createOwnSecret(client, secret, {
        type: secretTypes.webSignOuts,
        data: toData({ endedBefore: now(), entries: [], users: new Map() }),
      }),
    recreate: true,
    purpose: 'sign-out',
    log,
  });
  store.subscribe(({ current }) => {
    if (!current || current.resourceVersion === newest?.resourceVersion) newest = undefined;
    if (current && !current.list)
      log.error({ secret: key }, `data.${keys.ended} is not valid, single sign-on is unavailable`);
  });

  async function tryToWrite(ended: readonly EndedSignOn[]): Promise<void> {
    const record = newest ?? store.get(key);
    if (!record?.list) throw new Error(`Secret ${key} is missing or invalid`);
    const list = ended.reduce((all, one) => addEnded(all, one, now() + sessionMs, now()), record.list);
    if (list === record.list) return;
    const patch = { metadata: { resourceVersion: record.resourceVersion }, data: toData(list) };
    use(toRecord(await client.patch<RawObject>({ ...resources.secrets, ...secret }, patch)));
  }

  function use(record: EndedRecord | undefined): void {
    newest = record?.resourceVersion === store.get(key)?.resourceVersion ? undefined : record;
  }

  async function write(ended: readonly EndedSignOn[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await tryToWrite(ended);
        return;
      } catch (error) {
        if (!isStatus(error, 409) || attempt === attempts) throw error;
        // Other replicas that lost, too, try again at another time.
        await pause(backoffMs(attempt, backoff), new AbortController().signal);
        use(await read());
      }
    }
  }

  /** The watch may be behind. RBAC allows listing a single name by resourceNames. */
  async function read(): Promise<EndedRecord | undefined> {
    const { namespace, name } = secret;
    const selection = { fieldSelector: `metadata.name=${name}` };
    const [raw] = await client.list<RawObject>({ ...resources.secrets, namespace }, selection);
    return raw && toRecord(raw);
  }

  async function writeNext(): Promise<void> {
    await writing.catch(() => undefined);
    const ended = waiting;
    waiting = [];
    next = undefined;
    writing = write(ended);
    return writing;
  }

  return {
    has(signOn) {
      const isEnded = store.get(key)?.has?.(signOn);
      return isEnded === false ? (newest?.has?.(signOn) ?? false) : isEnded;
    },
    add(ended) {
      waiting.push(ended);
      next ??= writeNext();
      return next;
    },
    watchCache,
    run,
  };
}

function toData(list: EndedList): Record<string, string> {
  const { ended, users } = formatEndedList(list);
  return { [keys.ended]: encode(ended), [keys.users]: encode(users) };
}

function toRecord({ metadata, data }: RawObject): EndedRecord {
  const { [keys.ended]: ended = '', [keys.users]: users } = (data ?? {}) as Record<string, string>;
  const { name, namespace, resourceVersion } = metadata;
  const list = parseEndedList({ ended: decode(ended), users: users && decode(users) });
  return { key: `${namespace}/${name}`, resourceVersion, list, has: list && createEndedCheck(list) };
}

const encode = (text: string) => Buffer.from(text).toString('base64');
const decode = (base64: string) => Buffer.from(base64, 'base64').toString();
