import type { AccessSubject, Authorizer } from '../access/authorizer.ts';
import { type AccessKeyRecord, pairStatusOf } from '../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import { compareText, createSortedList } from '../kube/sorted-list.ts';
import type { InventoryEntry } from './row.ts';

/** The key pairs that a user may see. */
export interface VisibleKeyPairs {
  /**
   * Finds them. The work grows with the number of AccessKeys, so a request takes a turn before it (`TakeTurn`).
   *
   * @param search part of the name of the user, the AccessKey or the key pair, ignoring case, or a complete ak; empty: all
   * @returns sorted by namespace and AccessKey, then as in the spec
   */
  find(search: string): readonly InventoryEntry[];
}

/** The key pairs of all AccessKeys. */
export interface Inventory {
  /**
   * Reviews which key pairs a user may see, because the user may list the AccessKeys of their namespace.
   *
   * @param namespace the only namespace to find key pairs in; empty: all
   * @returns undefined if the user has no permission at all
   * @throws KubernetesError, ConnectionError, UndecidedError if the cluster is unavailable
   */
  visibleTo(subject: AccessSubject, namespace: string): Promise<VisibleKeyPairs | undefined>;
  /**
   * Whether to offer the inventory to a user. Checks only the first namespaces, so that a page does not wait for many
   * reviews: `visibleTo` may still have key pairs for a user to whom it is not offered.
   *
   * @param own namespace of the user's own AccessKey, which is checked first
   * @throws as `visibleTo`
   */
  isOfferedTo(subject: AccessSubject, own: string | undefined): Promise<boolean>;
}

/** Limit of the namespaces that `isOfferedTo` checks. */
const maxOffered = 20;

/** Creates an inventory that keeps the AccessKeys sorted, and counts those of each namespace. */
export function createInventory(
  { accessKeys, namespaces }: Pick<AccessKeyCaches, 'accessKeys' | 'namespaces'>,
  { visibleAccessKeys }: Pick<Authorizer, 'visibleAccessKeys'>,
): Inventory {
  const sortedKeys = createSortedList(byNamespaceAndName, () => Array.from(accessKeys.values(), ({ key }) => key));
  const countOf = new Map<string, number>();

  function count(namespace: string, change: 1 | -1): void {
    const next = (countOf.get(namespace) ?? 0) + change;
    if (next === 0) countOf.delete(namespace);
    else countOf.set(namespace, next);
  }

  for (const { namespace } of accessKeys.values()) count(namespace, 1);
  accessKeys.subscribe(({ key, previous, current }) => {
    if (previous && current) return;
    if (current) sortedKeys.add(key);
    else sortedKeys.remove(key);
    count(namespaceOf(key), current ? 1 : -1);
  });

  const sorted = () => sortedKeys.values().flatMap((key) => accessKeys.get(key) ?? []);

  return {
    async isOfferedTo(subject, own) {
      const nonEmpty = new Set(own === undefined ? [] : [own]);
      for (const namespace of countOf.keys()) {
        if (nonEmpty.size === maxOffered) break;
        nonEmpty.add(namespace);
      }
      return (await visibleAccessKeys(subject, [...nonEmpty], [])) !== undefined;
    },
    async visibleTo(subject, namespace) {
      const nonEmpty = namespace === '' ? [...countOf.keys()] : [namespace];
      const others = namespace === '' ? Array.from(namespaces.values(), ({ key }) => key) : [];
      const visible = await visibleAccessKeys(subject, nonEmpty, others);
      if (visible === undefined) return undefined;
      const shown = new Set(visible === 'all' ? nonEmpty : visible);
      return {
        find(search) {
          const ofShown = sorted().filter((one) => shown.has(one.namespace));
          return ofShown.flatMap(entriesOf).filter(matching(search));
        },
      };
    },
  };
}

/** Compares keys (namespace/name), whose order as text is another one: `-` precedes `/`. */
function byNamespaceAndName(a: string, b: string): number {
  return compareText(namespaceOf(a), namespaceOf(b)) || compareText(a, b);
}

const namespaceOf = (key: string) => key.slice(0, key.indexOf('/'));

function entriesOf(accessKey: AccessKeyRecord): InventoryEntry[] {
  return (accessKey.spec.keyPairs ?? []).map((pair) => ({ accessKey, pair }));
}

function matching(search: string): (entry: InventoryEntry) => boolean {
  if (search === '') return () => true;
  const text = search.toLowerCase();
  return ({ accessKey, pair }) => {
    const names = [accessKey.spec.user.name, accessKey.name, pair.name];
    const { accessKey: ak, previous } = pairStatusOf(accessKey, pair.name) ?? {};
    return names.some((one) => one.toLowerCase().includes(text)) || ak === text || previous?.accessKey === text;
  };
}
