import type { KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import { rawSecret } from '../../support/builders.ts';

type RawSecret = ReturnType<typeof rawSecret>;

interface Call {
  namespace: string;
  name: string;
}

interface SecretBody {
  metadata: Partial<RawSecret['metadata']>;
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

/** What the API server does with Secrets, as far as `apply` relies on it: the writes and their preconditions. */
export function createSecretsApi(...content: RawSecret[]) {
  const secrets = new Map(content.map((one) => [keyOf(one.metadata), structuredClone(one)]));
  const writes: string[] = [];
  let version = 100;
  /** Answers the next calls with this error instead, by verb and name. */
  const refusals = new Map<string, Error>();

  function enter(verb: string, name: string): void {
    if (verb !== 'read') writes.push(`${verb} ${name}`);
    const refusal = refusals.get(`${verb} ${name}`);
    if (refusal) throw refusal;
  }

  function find(call: Call): RawSecret {
    const found = secrets.get(keyOf(call));
    if (!found) throw refused(404, 'NotFound');
    return found;
  }

  function check({ metadata }: RawSecret, wanted: { uid?: string; resourceVersion?: string }): void {
    const same = metadata.uid === wanted.uid && metadata.resourceVersion === wanted.resourceVersion;
    if (!same) throw refused(409, 'Conflict');
  }

  const core = {
    async readNamespacedSecret(call: Call) {
      enter('read', call.name);
      return structuredClone(find(call));
    },
    async createNamespacedSecret({ namespace, body }: { namespace: string; body: SecretBody }) {
      const name = String(body.metadata.name);
      enter('create', name);
      if (secrets.has(keyOf({ namespace, name }))) throw refused(409, 'AlreadyExists');
      const { labels = {}, ownerReferences = [] } = body.metadata;
      const data = { ak: undefined, sk: undefined, ...body.stringData };
      version += 1;
      const stored = rawSecret({
        ...{ namespace, name, labels, ownerReferences, data },
        ...{ uid: `made-${version}`, resourceVersion: String(version), type: body.type ?? 'Opaque' },
      });
      secrets.set(keyOf(stored.metadata), stored);
      return structuredClone(stored);
    },
    async patchNamespacedSecret(call: Call & { body: SecretBody }) {
      enter('patch', call.name);
      const found = find(call);
      check(found, call.body.metadata);
      version += 1;
      found.metadata.resourceVersion = String(version);
      Object.assign(found.metadata.labels, call.body.metadata.labels);
      Object.assign(found.data, call.body.data);
      return structuredClone(found);
    },
    async deleteNamespacedSecret(call: Call & { body: { preconditions: { uid: string; resourceVersion: string } } }) {
      enter('delete', call.name);
      check(find(call), call.body.preconditions);
      secrets.delete(keyOf(call));
    },
  };
  return {
    client: { core } as unknown as KubernetesClient,
    /** The writes that were tried, as `verb name`, in their order. */
    writes,
    /** Every Secret that is there now. */
    all: () => [...secrets.values()].map((one) => structuredClone(one)),
    refuse: (call: string, error: Error) => refusals.set(call, error),
  };
}

export function refused(status: number, reason: string): KubernetesError {
  return new KubernetesError(status, reason, `refused: ${status} ${reason}`, 0);
}

export const noAnswer = new ConnectionError('no answer from the API server');

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}
