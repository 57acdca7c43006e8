import { pino } from 'pino';
import { annotations } from '../../src/credential/secret-format.ts';
import { textAt } from '../../src/credential/secret-record.ts';
import type { RawObject } from '../../src/kube/raw-object.ts';
import { createReflector } from '../../src/kube/reflector.ts';
import { createStore } from '../../src/kube/store.ts';
import type { Transport } from '../../src/kube/transport.ts';

/** A Secret as JSON. */
export interface RawSecret extends RawObject {
  metadata: RawObject['metadata'] & {
    uid: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; uid: string; controller?: boolean }[];
  };
  type: string;
  data?: Record<string, string>;
}

/** Every sk that has been in a Secret, according to a watch as the administrator. */
export interface SecretKeys {
  readonly all: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Starts recording; resolves when the existing Secrets are read. */
export async function watchSecretKeys(transport: Transport): Promise<SecretKeys> {
  const all = new Set<string>();
  const accessKeys = new Set<string>();
  const stopping = new AbortController();

  function record(secret: RawSecret): void {
    const { ak, sk, previousAk, previousSk } = valuesOf(secret);
    for (const key of [ak, previousAk]) if (isUUID(key) && !all.has(key)) accessKeys.add(key);
    // A test may swap the two: a value that was an ak before is not secret.
    for (const key of [sk, previousSk]) if (isUUID(key) && !accessKeys.has(key)) all.add(key);
  }

  const { synced, ended } = follow({
    transport,
    path: '/api/v1/secrets',
    signal: stopping.signal,
    onObject: (one) => record(one as RawSecret),
  });
  await synced;
  return {
    all,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

export interface FollowOptions {
  transport: Transport;
  /** Path of the list. */
  path: string;
  signal: AbortSignal;
  onObject: (object: RawObject) => void;
}

/** Watches a list and passes on every version of every object. */
export function follow({ transport, path, signal, onObject }: FollowOptions) {
  const store = createStore<{ key: string; resourceVersion: string; object: RawObject }>({});
  store.subscribe(({ current }) => current && onObject(current.object));
  const reflector = createReflector({
    transport,
    target: { path },
    store,
    log: pino({ level: 'silent' }),
    transform: (object) => ({
      key: `${object.metadata.namespace}/${object.metadata.name}`,
      resourceVersion: object.metadata.resourceVersion,
      object,
    }),
  });
  return { synced: reflector.synced, ended: reflector.run(signal) };
}

/** @returns the pairs of a Secret, by the data keys in its annotations; missing values are empty */
export function valuesOf({ metadata, data = {} }: RawSecret) {
  const names = metadata.annotations ?? {};
  return {
    ak: textAt(data, names[annotations.akKey] ?? 'ak'),
    sk: textAt(data, names[annotations.skKey] ?? 'sk'),
    previousAk: textAt(data, 'previous-ak'),
    previousSk: textAt(data, 'previous-sk'),
  };
}

export function isUUID(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
