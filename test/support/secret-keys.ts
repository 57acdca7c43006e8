import { pino } from 'pino';
import { annotations } from '../../src/credential/secret-format.ts';
import { textAt } from '../../src/credential/secret-record.ts';
import type { RawObject } from '../../src/kube/list-watch.ts';
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

/** Every sk that ever was in a Secret, as the API server's watch told it to the administrator. */
export interface SecretKeys {
  readonly all: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Starts to note; resolves when what is there has been read. */
export async function watchSecretKeys(transport: Transport): Promise<SecretKeys> {
  const all = new Set<string>();
  const accessKeys = new Set<string>();
  const stopping = new AbortController();

  function note(secret: RawSecret): void {
    const { ak, sk, previousAk, previousSk } = valuesOf(secret);
    for (const key of [ak, previousAk]) if (isUUID(key) && !all.has(key)) accessKeys.add(key);
    // A test may exchange the two: what was once known as an ak is no secret.
    for (const key of [sk, previousSk]) if (isUUID(key) && !accessKeys.has(key)) all.add(key);
  }

  const { synced, ended } = follow(transport, '/api/v1/secrets', stopping.signal, (one) => note(one as RawSecret));
  await synced;
  return {
    all,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** Tells of every version of every object of a list. */
export function follow(transport: Transport, path: string, signal: AbortSignal, note: (object: RawObject) => void) {
  const store = createStore<{ key: string; resourceVersion: string; object: RawObject }>({});
  store.subscribe(({ current }) => current && note(current.object));
  const reflector = createReflector({
    ...{ transport, target: { path }, store, log: pino({ level: 'silent' }) },
    transform: (object) => ({
      key: `${object.metadata.namespace}/${object.metadata.name}`,
      resourceVersion: object.metadata.resourceVersion,
      object,
    }),
  });
  return { synced: reflector.synced, ended: reflector.run(signal) };
}

/** The values of a Secret by what its notes say; empty where there is none. */
export function valuesOf({ metadata, data = {} }: RawSecret) {
  const notes = metadata.annotations ?? {};
  return {
    ak: textAt(data, notes[annotations.akKey] ?? 'ak'),
    sk: textAt(data, notes[annotations.skKey] ?? 'sk'),
    previousAk: textAt(data, 'previous-ak'),
    previousSk: textAt(data, 'previous-sk'),
  };
}

export function isUUID(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
