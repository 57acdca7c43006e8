import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ConnectionError, isStatus, KubernetesError } from '../../../src/kube/errors.ts';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { list } from '../../../src/kube/list-watch.ts';
import type { RawObject } from '../../../src/kube/raw-object.ts';
import { createTransport, type Transport, type TransportRequest } from '../../../src/kube/transport.ts';
import { poll } from '../../../tools/poll.ts';
import { timeoutMs } from './sizes.ts';

/** Between two checks while violations change, milliseconds. */
const pauseMs = 200;

export const accessKeysPath = (namespace?: string) => pathOf('/apis/ghippo.io/v1alpha1', namespace, 'accesskeys');
export const secretsPath = (namespace?: string) => pathOf('/api/v1', namespace, 'secrets');

function pathOf(root: string, namespace: string | undefined, plural: string): string {
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

/** Access to the cluster as the administrator, without faults. Each call retries while the API server is unavailable. */
export interface Admin {
  readonly transport: Transport;
  /** @returns the object, or undefined if there is none */
  get(path: string): Promise<RawObject | undefined>;
  list(path: string): Promise<RawObject[]>;
  /** @returns false if the name is taken or the API server rejects the object (400, 422) */
  create(path: string, object: object): Promise<boolean>;
  /** Sends a JSON merge patch. @returns false if it is rejected (400, 422), the object is gone or has changed (409) */
  merge(path: string, patch: object): Promise<boolean>;
  /** Deletes the current object, but no successor with the same name. @returns false if there is none */
  remove(path: string): Promise<boolean>;
  close(): Promise<void>;
}

export function createAdmin(kubeconfig: string): Admin {
  const transport = createTransport(() => loadKubeconfig(kubeconfig), 'fault-tests');

  async function send(method: TransportRequest['method'], path: string, body?: object): Promise<RawObject> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { accept: 'application/json', 'content-type': type };
    const request = { method, path, headers, ...(body && { body: JSON.stringify(body) }) };
    return retrying(async () => (await (await transport.send(request)).body.json()) as RawObject);
  }

  const get = (path: string) => unless([404], send('GET', path));
  return {
    transport,
    get,
    list: async (path) => retrying(async () => (await list(transport, { path }, new AbortController().signal)).items),
    // A 409 can also mean that an earlier attempt succeeded, but its response was lost.
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

const unavailable = new Set([429, 500, 502, 503, 504]);

/** Retries while the API server, or etcd behind it, is unavailable. */
async function retrying<T>(call: () => Promise<T>): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isUnavailable = error instanceof KubernetesError ? unavailable.has(error.status) : isBroken(error);
      if (!isUnavailable || Date.now() > end) throw error;
      await sleep(100);
    }
  }
}

/** undici reports a truncated body with an error of its own. */
function isBroken(error: unknown): boolean {
  return error instanceof ConnectionError || (error as { code?: string }).code?.startsWith('UND_ERR') === true;
}

/**
 * Waits until there are no violations, as long as they change or there are new attempts: on a busy machine, many of them
 * take minutes to disappear.
 *
 * @param attempts the number of requests so far that can end a violation. If some of them fail, a violation can last for
 *   many attempts, which are up to a minute apart. Default: only changes count.
 * @throws Error with the violations that remain
 */
export async function untilEmpty(
  what: string,
  violations: () => Promise<string[]>,
  attempts: () => number = () => 0,
): Promise<void> {
  for (let before: { remaining: string[]; attempts: number } | undefined; ; ) {
    let remaining: string[] = [];
    const hasChanged = async () => {
      remaining = await violations();
      return remaining.length === 0 || !isDeepStrictEqual({ remaining, attempts: attempts() }, before);
    };
    await poll(what, hasChanged, timeoutMs).catch((cause: unknown) => {
      throw new Error(`${what}, but:\n${remaining.slice(0, 20).join('\n')}`, { cause });
    });
    if (remaining.length === 0) return;
    before = { remaining, attempts: attempts() };
    await sleep(pauseMs);
  }
}
