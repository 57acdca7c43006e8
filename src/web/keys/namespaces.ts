import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { parseUsername } from '../../kube/names.ts';
import { createRight } from './api.ts';
import type { Visitor } from './visitor.ts';

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
  async function find({ api, user }: Visitor, limit: number): Promise<string[]> {
    const ranked = rankedFor(user.name);
    if (await api.may(createRight)) return ranked.slice(0, limit);
    const found: string[] = [];
    for (let start = 0; start < Math.min(ranked.length, maxChecked) && found.length < limit; start += concurrency) {
      const batch = ranked.slice(start, start + concurrency);
      const allowed = await Promise.all(batch.map((namespace) => api.may({ ...createRight, namespace })));
      found.push(...batch.filter((_, index) => allowed[index]));
    }
    return found.slice(0, limit);
  }

  function rankedFor(user: string): string[] {
    const own = parseUsername(user)?.namespace;
    const usable = [...namespaces.values()].filter((one) => !one.terminating).map((one) => one.key);
    const rank = (name: string) => (name === own ? 0 : name.startsWith('kube-') ? 2 : 1);
    return usable.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }

  return {
    firstFor: async (visitor) => (await find(visitor, 1))[0],
    allFor: (visitor) => find(visitor, maxOffered),
  };
}
