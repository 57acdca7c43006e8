import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionError, isStatus, KubernetesError } from '../../../src/kube/errors.ts';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { list, type RawObject } from '../../../src/kube/list-watch.ts';
import { createTransport, type Transport, type TransportRequest } from '../../../src/kube/transport.ts';
import { poll } from '../../../tools/poll.ts';
import { patienceMs } from './sizes.ts';

export const accessKeysPath = (namespace?: string) => pathOf('/apis/ghippo.io/v1alpha1', namespace, 'accesskeys');
export const secretsPath = (namespace?: string) => pathOf('/api/v1', namespace, 'secrets');

function pathOf(root: string, namespace: string | undefined, plural: string): string {
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

/** What a person does to the cluster, past the fault proxy. Each call waits for an API server that is away. */
export interface Admin {
  readonly transport: Transport;
  /** @returns undefined when there is none */
  get(path: string): Promise<RawObject | undefined>;
  list(path: string): Promise<RawObject[]>;
  /** @returns whether it was made; not when the name is taken or the API server refuses it (400, 422) */
  create(path: string, object: object): Promise<boolean>;
  /** A JSON merge patch. @returns whether it was taken; not when it is refused (400, 422), gone or has changed (409) */
  merge(path: string, patch: object): Promise<boolean>;
  /** Deletes the object that is there now, and none that comes after it. @returns whether there was one */
  remove(path: string): Promise<boolean>;
  close(): Promise<void>;
}

export function createAdmin(kubeconfig: string): Admin {
  const transport = createTransport(() => loadKubeconfig(kubeconfig), 'fault-tests');

  async function send(method: TransportRequest['method'], path: string, body?: object): Promise<RawObject> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { accept: 'application/json', 'content-type': type };
    const request = { method, path, headers, ...(body && { body: JSON.stringify(body) }) };
    return patiently(async () => (await (await transport.send(request)).body.json()) as RawObject);
  }

  const get = (path: string) => unless([404], send('GET', path));
  return {
    transport,
    get,
    list: async (path) => patiently(async () => (await list(transport, { path }, new AbortController().signal)).items),
    // Made by an attempt whose answer was lost, it is there too.
    create: async (path, object) => (await unless([409, 400, 422], send('POST', path, object))) !== undefined,
    merge: async (path, patch) => (await unless([404, 409, 400, 422], send('PATCH', path, patch))) !== undefined,
    async remove(path) {
      const live = await get(path);
      if (!live) return false;
      const preconditions = { uid: live.metadata.uid };
      await unless([404, 409], send('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions }));
      return true;
    },
    close: () => transport.close(),
  };
}

async function unless<T>(statuses: readonly number[], answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statuses.some((status) => isStatus(error, status))) return undefined;
    throw error;
  }
}

const away = new Set([429, 500, 502, 503, 504]);

/** Calls again while the API server, or etcd behind it, is away. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isAway = error instanceof KubernetesError ? away.has(error.status) : isBroken(error);
      if (!isAway || Date.now() > end) throw error;
      await sleep(100);
    }
  }
}

/** A body that broke off is told by undici's own error. */
function isBroken(error: unknown): boolean {
  return error instanceof ConnectionError || (error as { code?: string }).code?.startsWith('UND_ERR') === true;
}

/**
 * Waits until there is nothing left to complain about.
 *
 * @throws Error with the complaints that are left
 */
export async function untilNone(what: string, complaints: () => Promise<string[]>): Promise<void> {
  let left: string[] = [];
  await poll(
    what,
    async () => {
      left = await complaints();
      return left.length === 0;
    },
    patienceMs,
  ).catch((cause: unknown) => {
    throw new Error(`${what}, but:\n${left.slice(0, 20).join('\n')}`, { cause });
  });
}
