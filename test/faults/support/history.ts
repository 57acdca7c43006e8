import { pino } from 'pino';
import { annotations, secretType, textAt } from '../../../src/credential/secret-record.ts';
import type { RawObject } from '../../../src/kube/list-watch.ts';
import { createReflector } from '../../../src/kube/reflector.ts';
import { createStore } from '../../../src/kube/store.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { accessKeysPath, secretsPath } from './admin.ts';

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

/** Everything that ever was, as the API server's watch told it to the administrator. */
export interface History {
  /** The aks that a pair had, in the order in which they came. */
  aksOf(ownerUID: string, pairName: string): readonly string[];
  /** Every sk that ever was in a Secret of a pair. */
  readonly secretKeys: ReadonlySet<string>;
  /** Every version of every AccessKey, as JSON. */
  readonly accessKeyVersions: readonly string[];
  stop(): Promise<void>;
}

/** Starts to write down; resolves when what is there has been read. */
export async function startHistory(transport: Transport): Promise<History> {
  const aks = new Map<string, string[]>();
  const secretKeys = new Set<string>();
  const accessKeyVersions: string[] = [];
  const stopping = new AbortController();

  function noteSecret(secret: RawSecret): void {
    if (secret.type !== secretType) return;
    const { sk, previousSk, ak } = valuesOf(secret);
    for (const key of [sk, previousSk]) if (isUUID(key)) secretKeys.add(key);
    const name = secret.metadata.labels?.['ghippo.io/key-pair'];
    const owner = ownerOf(secret);
    if (!name || !owner || !isUUID(ak)) return;
    const known = aks.get(`${owner}/${name}`) ?? [];
    if (!known.includes(ak)) aks.set(`${owner}/${name}`, [...known, ak]);
  }

  const running = [
    follow(transport, secretsPath(), stopping.signal, (secret) => noteSecret(secret as RawSecret)),
    follow(transport, accessKeysPath(), stopping.signal, (one) => accessKeyVersions.push(JSON.stringify(one))),
  ];
  await Promise.all(running.map(({ synced }) => synced));
  return {
    aksOf: (owner, pairName) => aks.get(`${owner}/${pairName}`) ?? [],
    secretKeys,
    accessKeyVersions,
    async stop() {
      stopping.abort();
      await Promise.all(running.map(({ ended }) => ended));
    },
  };
}

function follow(transport: Transport, path: string, signal: AbortSignal, note: (object: RawObject) => void) {
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

/** uid of the AccessKey that controls a Secret. */
export function ownerOf({ metadata }: RawSecret): string | undefined {
  return metadata.ownerReferences?.find((one) => one.controller && one.kind === 'AccessKey')?.uid;
}

/** Whether a Secret is labelled as that of this pair. */
export function isOfPair(secret: RawSecret, ownerUID: string, pairName: string): boolean {
  return ownerOf(secret) === ownerUID && secret.metadata.labels?.['ghippo.io/key-pair'] === pairName;
}

export function isUUID(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
