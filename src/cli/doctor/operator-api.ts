/** Reads public documents of the operator's API: at its URL, or through the API server. */
import { KubernetesError } from '../../kube/errors.ts';
import { parseJson, readText } from '../../kube/response-body.ts';
import type { Cluster } from '../common/cluster.ts';
import { type ClockReading, clockOf } from '../common/server-clock.ts';
import { type SendOptions, send } from '../token/send.ts';
import type { Place } from './check-operator.ts';

/** A JSON document, and the clock of the server that sent it. */
export interface PublicDocument {
  readonly content: Readonly<Record<string, unknown>>;
  readonly clock: ClockReading | undefined;
}

/** Reads a document by its path. Throws Error if there is none; KubernetesError with the status 404 if it is not found. */
export type ReadDocument = (path: string) => Promise<PublicDocument>;

const maxBytes = 1024 * 1024;

/** @param base URL without a trailing slash */
export function readerAt(base: string, options: SendOptions, now: () => number): ReadDocument {
  return async (path) => {
    const sentAt = now();
    const url = `${base}${path}`;
    const { status, headers, body } = await send(
      { method: 'GET', url, headers: { accept: 'application/json' } },
      options,
    );
    if (status !== 200) throw new KubernetesError(`${url}: status ${status}`, { status });
    return { content: toObject(body, url), clock: clockOf(headers.date, sentAt, now()) };
  };
}

interface Service {
  readonly spec: { readonly ports: readonly { readonly name?: string; readonly appProtocol?: string }[] };
}

/** Requests pass through the API server, which requires the permission to get `services/proxy`. */
export function readerThroughProxy(
  { client, transport }: Cluster,
  { namespace, name }: Place,
  now: () => number,
): ReadDocument {
  const service = client.get<Service>({ apiVersion: 'v1', plural: 'services', namespace, name });
  // Each reader handles the rejection.
  service.catch(() => undefined);
  return async (path) => {
    const { name: port = '', appProtocol } = (await service).spec.ports[0] ?? {};
    const scheme = appProtocol === 'https' ? 'https:' : '';
    const url = `/api/v1/namespaces/${namespace}/services/${scheme}${name}:${port}/proxy${path}`;
    const sentAt = now();
    const { body } = await transport.send({ method: 'GET', path: url, headers: { accept: 'application/json' } });
    // The Date header is that of the API server.
    return { content: toObject(await readText(body, maxBytes), path), clock: clockOf(undefined, sentAt, now()) };
  };
}

function toObject(text: string, from: string): PublicDocument['content'] {
  const value = parseJson(text, from);
  if (typeof value === 'object' && value !== null) return value as PublicDocument['content'];
  throw new Error(`${from}: response is not a JSON object`);
}
