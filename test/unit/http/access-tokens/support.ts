import type { AccessKeyApi, FetchedAccessKey } from '../../../../src/accesskey/change/access-key-api.ts';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { createUserDirectory } from '../../../../src/users/directory.ts';
import { accessKey, caches, keyPair, known, now, pairStatus, secret } from '../../../support/builders.ts';
import { createPlatform } from '../support.ts';

export const base = '/apis/ghippo.io/v1alpha1';
export const ann = known({ groups: ['dev'] });
export const bob = accessKey({ name: 'bob', user: 'bob', groups: ['ops'] });

/** Differences from a working cluster: an AccessKey that the caches do not have yet, or a controller that does nothing. */
interface Parts {
  accessKeys?: AccessKeyRecord[];
  /** On the API server; default: as in the caches. */
  fetched?: Partial<FetchedAccessKey>;
  hasController?: boolean;
  /** Called before each write; may throw. */
  onWrite?: (attempt: number) => void;
}

/** Caches, and an API server whose changes a controller carries out immediately. */
export function createUsers({ accessKeys = [ann, bob], fetched = {}, hasController = true, onWrite }: Parts = {}) {
  const content = caches({ accessKeys, secrets: [secret({ of: ann })] });
  let pairs = 10;
  let attempts = 0;

  /** The controller: adds a Secret for each new pair, and removes those of deleted ones. */
  function reconcile(record: AccessKeyRecord): void {
    const names = (record.spec.keyPairs ?? []).map(({ name }) => name);
    const kept = (record.status.keyPairs ?? []).filter(({ name }) => names.includes(name));
    for (const pair of names.filter((name) => kept.every((one) => one.name !== name))) {
      pairs += 1;
      const keys = keyPair(pairs);
      content.secrets.upsert(secret({ of: record, pair, keys }));
      kept.push(pairStatus({ name: pair, secretName: `${record.name}-${pair}`, accessKey: keys.ak }));
    }
    content.accessKeys.upsert({ ...record, status: { ...record.status, keyPairs: kept } });
  }

  const api: AccessKeyApi = {
    async read(namespace, name) {
      const record = content.accessKeys.get(`${namespace}/${name}`);
      if (!record) throw new KubernetesError('not found', { status: 404 });
      return { ...record, managedFields: [], ...fetched };
    },
    async replaceKeyPairs(read, keyPairs) {
      attempts += 1;
      onWrite?.(attempts);
      const { managedFields: _, ...record } = read;
      const changed = { ...record, generation: record.generation + 1, spec: { ...record.spec, keyPairs } };
      content.accessKeys.upsert(changed);
      if (hasController) queueMicrotask(() => reconcile(changed));
    },
  };
  return { content, api, reconcile, attempts: () => attempts };
}

/** A platform with these users, and a function that sends requests with a token of ann's key pair. */
export async function createTokens(
  parts: Parts & { change?: Parameters<typeof createPlatform>[0]; from?: string } = {},
) {
  const users = createUsers(parts);
  const { content, api } = users;
  const platform = await createPlatform({
    pairs: createPairLookup(content),
    users: createUserDirectory(content),
    keyPairs: { caches: content, api },
    ...parts.change,
  });
  const token = await platform.token(parts.from);
  async function send(method: string, path: string, body?: unknown, bearer = token) {
    const headers = {
      authorization: `Bearer ${bearer}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return platform.send(base + path, { method, headers, ...(body !== undefined && { body: text }) }, parts.from);
  }
  return { ...users, ...platform, token, send };
}

/** Claims of a token, not verified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

export const days = (count: number) => now + count * 86_400_000;
