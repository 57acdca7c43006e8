import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { parseUsername } from '../../kube/names.ts';
import { createRight } from './api.ts';
import type { Visitor } from './visitor.ts';

/** Bound of namespaces that are asked about, and of those that are offered. */
const maxAsked = 200;
const maxOffered = 50;
/** Questions that are asked at the same time. */
const concurrent = 16;

/** Where a visitor may create an AccessKey. */
export interface Namespaces {
  /** One of them, undefined when there is none. */
  firstFor(visitor: Visitor): Promise<string | undefined>;
  /** Those that are offered: a ServiceAccount's own first, then by name. */
  allFor(visitor: Visitor): Promise<string[]>;
}

/** Asks by SelfSubjectAccessReview (authorization.k8s.io/v1): for all namespaces at once, then one by one, up to a bound. */
export function createNamespaces({ namespaces }: Pick<AccessKeyCaches, 'namespaces'>): Namespaces {
  async function find({ api, user }: Visitor, limit: number): Promise<string[]> {
    const candidates = candidatesFor(user.name);
    if (await api.may(createRight)) return candidates.slice(0, limit);
    const found: string[] = [];
    for (let start = 0; start < Math.min(candidates.length, maxAsked) && found.length < limit; start += concurrent) {
      const some = candidates.slice(start, start + concurrent);
      const allowed = await Promise.all(some.map((namespace) => api.may({ ...createRight, namespace })));
      found.push(...some.filter((_, index) => allowed[index]));
    }
    return found.slice(0, limit);
  }

  function candidatesFor(user: string): string[] {
    const own = parseUsername(user)?.namespace;
    const open = [...namespaces.values()].filter((one) => !one.terminating).map((one) => one.key);
    const rank = (name: string) => (name === own ? 0 : name.startsWith('kube-') ? 2 : 1);
    return open.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }

  return {
    firstFor: async (visitor) => (await find(visitor, 1))[0],
    allFor: (visitor) => find(visitor, maxOffered),
  };
}
