import { InvalidResponseError, toConnectionError } from './errors.ts';
import { list, listNames } from './list-watch.ts';
import type { ListWatchTarget } from './list-watch-request.ts';
import { type ObjectReference, pathOf, type Resource } from './resource.ts';
import { parseJson, readText } from './response-body.ts';
import type { Transport, TransportRequest } from './transport.ts';

export interface CallOptions {
  signal?: AbortSignal;
  /** Owner of the fields that a write sets. If unset, the API server derives it from the user agent. */
  fieldManager?: string;
  /** The API server processes a write, but does not store it (`dryRun=All`). */
  dryRun?: boolean;
  /** Time limit of a write, milliseconds. Default: that of the transport. */
  timeoutMs?: number;
}

/** What an object must still be for a delete to succeed; else the API server responds 409. */
export interface Preconditions {
  uid: string;
  resourceVersion: string;
}

/** Which objects to list. */
export type Selection = Pick<ListWatchTarget, 'labelSelector' | 'fieldSelector'>;

/**
 * Calls the Kubernetes API in JSON.
 *
 * Objects keep the fields that this program does not know, so they can be changed and sent back. The type parameter is
 * what the caller expects; only that the response is a JSON object is checked.
 *
 * Every method throws KubernetesError for a status of 400 or more, ConnectionError without a valid response,
 * NotLeaderError for a write that was not sent, and the reason of an aborted signal.
 */
export interface KubernetesClient {
  get<T extends object>(object: ObjectReference, options?: CallOptions): Promise<T>;
  list<T extends object>(resource: Resource, selection: Selection, options?: CallOptions): Promise<T[]>;
  /** Lists the names of objects, which may be large. */
  names(resource: Resource, selection: Selection, options?: CallOptions): Promise<string[]>;
  /** Creates an object, or a review, whose response has the status filled in. */
  create<T extends object>(resource: Resource, body: object, options?: CallOptions): Promise<T>;
  /** Replaces an object with one that has its resourceVersion. */
  replace<T extends object>(object: ObjectReference, body: object, options?: CallOptions): Promise<T>;
  /** Applies a JSON merge patch (RFC 7396). */
  patch<T extends object>(object: ObjectReference, patch: object, options?: CallOptions): Promise<T>;
  delete(object: ObjectReference, preconditions: Preconditions, options?: CallOptions): Promise<void>;
}

/**
 * Longest response, and longest list (see `maxBytes` of ListWatchTarget), bytes. One object is far below it: etcd stores up
 * to 1.5 MiB.
 */
const maxResponseBytes = 16 * 1024 * 1024;
const json = 'application/json';
const mergePatch = 'application/merge-patch+json';

export function createKubernetesClient(transport: Transport): KubernetesClient {
  async function call<T>(request: TransportRequest): Promise<T> {
    const response = await transport.send(request);
    try {
      return parseObject(await readText(response.body, maxResponseBytes), request) as T;
    } catch (error) {
      throw toConnectionError(error, transport.server, request.signal);
    }
  }

  function write<T>(
    request: { method: TransportRequest['method']; object: Resource; body: object; contentType?: string },
    { signal, fieldManager, dryRun = false, timeoutMs }: CallOptions = {},
  ): Promise<T> {
    const parameters = { ...(fieldManager !== undefined && { fieldManager }), ...(dryRun && { dryRun: 'All' }) };
    const query = Object.keys(parameters).length === 0 ? '' : `?${new URLSearchParams(parameters)}`;
    return call({
      method: request.method,
      path: pathOf(request.object) + query,
      headers: { accept: json, 'content-type': request.contentType ?? json },
      body: JSON.stringify(request.body),
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  /** @param read `list` or `listNames` */
  async function listed<T>(
    read: (transport: Transport, target: ListWatchTarget, signal?: AbortSignal) => Promise<T>,
    resource: Resource,
    selection: Selection,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    try {
      return await read(transport, { ...selection, path: pathOf(resource), maxBytes: maxResponseBytes }, signal);
    } catch (error) {
      throw toConnectionError(error, transport.server, signal);
    }
  }

  return {
    get: (object, { signal } = {}) => call({ method: 'GET', path: pathOf(object), headers: { accept: json }, signal }),
    async list<T extends object>(resource: Resource, selection: Selection, { signal }: CallOptions = {}) {
      return (await listed(list, resource, selection, signal)).items as object[] as T[];
    },
    names: (resource, selection, { signal } = {}) => listed(listNames, resource, selection, signal),
    create: (resource, body, options) => write({ method: 'POST', object: resource, body }, options),
    replace: (object, body, options) => write({ method: 'PUT', object, body }, options),
    patch: (object, patch, options) =>
      write({ method: 'PATCH', object, body: patch, contentType: mergePatch }, options),
    async delete(object, preconditions, options) {
      // With a body, the API server ignores the query.
      const dryRun = options?.dryRun ? { dryRun: ['All'] } : {};
      await write({ method: 'DELETE', object, body: { preconditions, ...dryRun } }, options);
    },
  };
}

/** @throws InvalidResponseError without a piece of the text, which can be part of a Secret */
function parseObject(text: string, { method, path }: TransportRequest): object {
  const request = `${method} ${path.split('?')[0]}`;
  const value = parseJson(text, request);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new InvalidResponseError(`${request}: response is not a JSON object`);
}
