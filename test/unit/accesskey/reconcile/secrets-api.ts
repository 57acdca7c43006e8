import {
  type AccessKeyRecord,
  accessKeys as accessKeysResource,
} from '../../../../src/accesskey/model/access-key-record.ts';
import { type SecretRecord, toSecretRecord } from '../../../../src/credential/secret-record.ts';
import type { KubernetesClient, Selection } from '../../../../src/kube/client.ts';
import { ConnectionError, KubernetesError } from '../../../../src/kube/errors.ts';
import { secretTypes } from '../../../../src/kube/own-names.ts';
import { pathOf, type Resource, resources } from '../../../../src/kube/resource.ts';
import type { rawSecret } from '../../../support/builders.ts';

export type RawSecret = ReturnType<typeof rawSecret>;

interface Call extends Resource {
  namespace: string;
  name: string;
}

interface SecretBody {
  metadata: Partial<RawSecret['metadata']>;
  type?: string;
  data?: Record<string, string | null>;
  stringData?: Record<string, string>;
}

interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

/** An API server as far as a reconcile needs it: reads and writes of Secrets, with preconditions. */
export function createSecretsApi(...content: RawSecret[]) {
  const secrets = new Map(content.map((one) => [keyOf(one.metadata), structuredClone(one)]));
  const accessKeys = new Map<string, AccessKeyRecord>();
  let admission = (raw: RawSecret): RawSecret => raw;
  const calls: string[] = [];
  let version = 100;
  /** Errors for the next calls, by `verb name`. */
  const rejections = new Map<string, () => Error>();

  function enter(verb: string, name: string): void {
    calls.push(`${verb} ${name}`);
    const rejection = rejections.get(`${verb} ${name}`);
    if (rejection) throw rejection();
  }

  function find(call: Pick<Call, 'namespace' | 'name'>): RawSecret {
    const found = secrets.get(keyOf(call));
    if (!found) throw rejected(404, 'NotFound');
    return found;
  }

  /** Stricter than the API server: also rejects a write without preconditions. */
  function check({ metadata }: RawSecret, wanted: Preconditions): void {
    const same = metadata.uid === wanted.uid && metadata.resourceVersion === wanted.resourceVersion;
    if (!same) throw rejected(409, 'Conflict');
  }

  function confirm(call: Call): object {
    enter('confirm', call.name);
    const found = accessKeys.get(keyOf(call));
    if (!found) throw rejected(404, 'NotFound');
    const { uid, generation, resourceVersion, deleting } = found;
    return {
      metadata: { uid, generation, resourceVersion, ...(deleting && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    };
  }

  const client = {
    async get(call: Call) {
      if (isOf(call, accessKeysResource)) return confirm(call);
      checkIsSecret(call);
      enter('read', call.name);
      return structuredClone(find(call));
    },
    async names(resource: Resource, { fieldSelector = '' }: Selection) {
      checkIsSecret(resource);
      const { namespace } = resource;
      enter('names', String(namespace));
      const [, type] = /^type=(.+)$/.exec(fieldSelector) ?? [];
      const items = [...secrets.values()].filter((one) => one.metadata.namespace === namespace && one.type === type);
      return items.map((one) => one.metadata.name);
    },
    async create(resource: Resource, body: SecretBody) {
      checkIsSecret(resource);
      const namespace = String(resource.namespace);
      const name = String(body.metadata.name);
      const isTaken = secrets.has(keyOf({ namespace, name }));
      enter(isTaken ? 'collide' : 'create', name);
      if (isTaken) throw rejected(409, 'AlreadyExists');
      version += 1;
      const stored = admission(storedFrom(namespace, name, body, version));
      secrets.set(keyOf({ namespace, name }), stored);
      return structuredClone(stored);
    },
    async patch(call: Call, body: SecretBody) {
      checkIsSecret(call);
      enter('patch', call.name);
      const found = find(call);
      check(found, body.metadata);
      const patched = admission(merge(found, body) as RawSecret);
      if (JSON.stringify(patched) === JSON.stringify(found)) return structuredClone(found);
      version += 1;
      patched.metadata.resourceVersion = String(version);
      secrets.set(keyOf(call), patched);
      return structuredClone(patched);
    },
    async delete(call: Call, preconditions: Preconditions) {
      checkIsSecret(call);
      enter('delete', call.name);
      check(find(call), preconditions);
      secrets.delete(keyOf(call));
    },
  };
  const all = () => [...secrets.values()].map((one) => structuredClone(one));
  return {
    client: client as unknown as KubernetesClient,
    /** The requests in order, as `verb name`; `confirm` reads the AccessKey, `collide` creates a Secret that exists. */
    calls,
    /** The attempted writes in order, as `verb name`, without those that collide. */
    writes: () => calls.filter((call) => !/^(read|names|confirm|collide) /.test(call)),
    /** Every stored Secret. */
    all,
    get: (name: string) => all().find((one) => one.metadata.name === name),
    /** The Secrets of an AccessKey that the watch selects, by their type. */
    watched: ({ uid }: AccessKeyRecord): SecretRecord[] =>
      all()
        .filter((one) => one.type === secretTypes.accessKey)
        .map((one) => toSecretRecord(one))
        .filter((one) => one.ownerUID === uid),
    /** Stores an AccessKey. */
    know: (accessKey: AccessKeyRecord) => accessKeys.set(accessKey.key, accessKey),
    /** Stores a Secret, as another client would. */
    put: (raw: RawSecret) => {
      version += 1;
      const resourceVersion = String(version);
      secrets.set(keyOf(raw.metadata), { ...raw, metadata: { ...raw.metadata, resourceVersion } });
    },
    /** Deletes a Secret, as another client would. */
    drop: (name: string) => {
      for (const [key, { metadata }] of secrets) if (metadata.name === name) secrets.delete(key);
    },
    /** Changes every Secret that is created or patched, as a mutating admission policy. */
    admit: (mutate: (raw: RawSecret) => RawSecret) => {
      admission = mutate;
    },
    reject: (call: string, error: Error | (() => Error)) =>
      rejections.set(call, typeof error === 'function' ? error : () => error),
    /** Ends a rejection. */
    allow: (call: string) => rejections.delete(call),
  };
}

export type SecretsApi = ReturnType<typeof createSecretsApi>;

function storedFrom(namespace: string, name: string, body: SecretBody, version: number): RawSecret {
  const { labels = {}, annotations = {}, ownerReferences = [] } = body.metadata;
  const plain = Object.entries(body.stringData ?? {});
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      uid: `made-${version}`,
      resourceVersion: String(version),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels,
      annotations,
      ownerReferences,
    },
    type: body.type ?? 'Opaque',
    data: Object.fromEntries(plain.map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}

/** JSON merge patch, RFC 7396 section 2. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else if (value !== undefined) result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOf({ apiVersion, plural }: Resource, resource: Resource): boolean {
  return apiVersion === resource.apiVersion && plural === resource.plural;
}

/** No subresource: a write to one would leave the Secret as it is. */
function checkIsSecret(call: Resource): void {
  if (!isOf(call, resources.secrets) || 'subresource' in call) throw new Error(`unexpected resource ${pathOf(call)}`);
}

export function rejected(status: number, reason: string): KubernetesError {
  return new KubernetesError(`rejected: ${status} ${reason}`, { status, reason });
}

export const noAnswer = new ConnectionError('no answer from the API server');

function keyOf({ namespace, name }: Pick<Call, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
