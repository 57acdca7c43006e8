import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { isStatus } from '../../kube/errors.ts';
import { parseUsername } from '../../kube/names.ts';
import { compareText } from '../../kube/sorted-list.ts';
import type { ExpectedPair } from '../show-once/await-pair.ts';
import { accessKeyNameFor } from '../visitor/access-key-name.ts';
import { permissionToCreate } from '../visitor/key-api.ts';
import type { Visitor } from '../visitor/visitor.ts';
import { detailsOf, type PairInput, type Problems } from './pair-input.ts';
import { addPair } from './pair-list.ts';
import { parseList } from './token-limits.ts';

/** Limits of the namespaces that are checked, and of those that are offered. */
const maxChecked = 200;
const maxOffered = 50;
/** Concurrent access reviews. */
const concurrency = 16;

/** The namespaces in which a visitor may create an AccessKey. */
export interface Namespaces {
  /** @returns one of them, or undefined if there are none */
  firstFor(visitor: Visitor): Promise<string | undefined>;
  /** @returns the namespaces to offer: first that of the ServiceAccount, then by name */
  allFor(visitor: Visitor): Promise<string[]>;
}

/** Sends SelfSubjectAccessReviews (authorization.k8s.io/v1): first for all namespaces, then for each, up to a limit. */
export function createNamespaces({ namespaces }: Pick<AccessKeyCaches, 'namespaces'>): Namespaces {
  async function find({ api, user, may }: Visitor, limit: number): Promise<string[]> {
    if (may.namespace !== undefined) return [may.namespace];
    const ranked = rankedFor(user.name);
    if (await api.may(permissionToCreate)) return ranked.slice(0, limit);
    const found: string[] = [];
    for (let start = 0; start < Math.min(ranked.length, maxChecked) && found.length < limit; start += concurrency) {
      const batch = ranked.slice(start, start + concurrency);
      const allowed = await Promise.all(batch.map((namespace) => api.may({ ...permissionToCreate, namespace })));
      found.push(...batch.filter((_, index) => allowed[index]));
    }
    return found.slice(0, limit);
  }

  function rankedFor(user: string): string[] {
    const own = parseUsername(user)?.namespace;
    const usable = [...namespaces.values()].filter((one) => !one.terminating).map((one) => one.key);
    const rank = (name: string) => (name === own ? 0 : name.startsWith('kube-') ? 2 : 1);
    return usable.sort((a, b) => rank(a) - rank(b) || compareText(a, b));
  }

  return {
    firstFor: async (visitor) => (await find(visitor, 1))[0],
    allFor: (visitor) => find(visitor, maxOffered),
  };
}

/** Maximum of the groups of an AccessKey. */
export const maxGroups = 16;

/** The additional choices of the first key, with which the AccessKey is created. */
export interface FirstChoices {
  namespaces: readonly string[];
  groups: readonly string[];
}

/** Validates the additional choices of the first key. */
export function validateFirstChoices({ namespace, groups }: PairInput, first: FirstChoices): Problems {
  const areOwn = groups.length <= maxGroups && groups.every((group) => first.groups.includes(group));
  return {
    ...(!first.namespaces.includes(namespace) && { namespace: 'badNamespace' }),
    ...(!areOwn && { groups: 'badGroups' }),
  };
}

/** Attempts to find an AccessKey name that is not taken. */
const nameAttempts = 5;

/**
 * Creates the AccessKey of a visitor with its first pair, with the visitor's permissions.
 *
 * @param now milliseconds since the epoch
 * @throws KubernetesError 409 if every attempted name is taken; ConnectionError
 */
export async function createFirstKey(
  { user, api, may }: Visitor,
  input: PairInput,
  now: number,
): Promise<ExpectedPair> {
  const { namespace, groups, name: pair } = input;
  const audiences = parseList(input.audiences ?? '');
  const spec = {
    user: { name: user.name, ...(groups.length > 0 && { groups: [...groups] }) },
    ...(audiences.length > 0 && { audiences }),
    keyPairs: addPair([], pair, detailsOf(input, now)),
  } as AccessKeyRecord['spec'];
  const base = may.name ?? accessKeyNameFor(user.name);
  for (let attempt = 1; ; attempt += 1) {
    const accessKey = attempt === 1 ? base : `${base}-${attempt}`;
    try {
      const uid = await api.create(namespace, accessKey, spec);
      return { namespace, accessKey, uid, pair, revision: 1, generation: 1 };
    } catch (error) {
      if (!isStatus(error, 409) || attempt === nameAttempts || may.name !== undefined) throw error;
    }
  }
}
