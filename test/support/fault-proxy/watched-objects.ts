import { isStatus } from '../../../src/kube/errors.ts';
import type { RawObject } from '../../../src/kube/raw-object.ts';
import type { Transport } from '../../../src/kube/transport.ts';

/** Label of the watched objects. */
const watchedLabel = { name: 'watched', value: 'yes' };
export const labelSelector = `${watchedLabel.name}=${watchedLabel.value}`;

/** The record of an object in the store. */
export interface WatchedRecord {
  key: string;
  resourceVersion: string;
  value: string;
}

/** Writes objects into a new namespace and records the changes. */
export async function createObjects(direct: Transport, resource: string) {
  const namespace = `reflector-${process.pid}-${performance.now().toFixed(0)}`;
  const path = `/api/v1/namespaces/${namespace}/${resource}`;
  const written: string[] = [];
  await send(direct, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  return {
    namespace,
    path,
    written: written as readonly string[],
    async put(name: string, value = `${performance.now()}`) {
      const data = resource === 'secrets' ? { stringData: { value } } : { data: { value } };
      const object = { metadata: { name, labels: { [watchedLabel.name]: watchedLabel.value } }, ...data };
      const result = await send(direct, 'PUT', `${path}/${name}`, object).catch((error: unknown) => {
        if (isStatus(error, 404)) return send(direct, 'POST', path, object);
        throw error;
      });
      written.push(`${name}@${result.metadata.resourceVersion}`);
    },
    async remove(name: string) {
      await send(direct, 'DELETE', `${path}/${name}`);
      written.push(`-${name}`);
    },
  };
}

async function send(
  transport: Transport,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<RawObject> {
  const headers = { 'content-type': 'application/json' };
  const answer = await transport.send({ method, path, headers, ...(body && { body: JSON.stringify(body) }) });
  return (await answer.body.json()) as RawObject;
}

/** @returns the record of a ConfigMap or Secret */
export function toRecord({ metadata, data }: RawObject): WatchedRecord {
  const { value = '' } = (data ?? {}) as { value?: string };
  return { key: `${metadata.namespace}/${metadata.name}`, resourceVersion: metadata.resourceVersion, value };
}
