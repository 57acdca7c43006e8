import type { AccessKeyRecord } from '../accesskey/model/access-key-record.ts';
import { type AccessKeyCaches, holdsUser } from '../accesskey/model/caches.ts';

/** A search for users. */
export interface UserQuery {
  /** Part of the name, the email address or the full name, ignoring case; empty matches all users. */
  search: string;
  /** Page number, starting at 1. */
  page: number;
  pageSize: number;
}

/** The users of the cluster: the AccessKeys that hold their user. */
export interface UserDirectory {
  byId(id: string): AccessKeyRecord | undefined;
  byName(name: string): AccessKeyRecord | undefined;
  /** Returns one page, sorted by name (by UTF-16 code units), and the number of users on all pages. */
  find(query: UserQuery): { users: AccessKeyRecord[]; total: number };
}

/** Creates a directory that caches the sorted names, so that a page without a search costs only the page. */
export function createUserDirectory(caches: AccessKeyCaches): UserDirectory {
  const { accessKeys, userHolders } = caches;
  const names = new Set<string>();
  let sorted: readonly string[] | undefined;

  function byName(name: string): AccessKeyRecord | undefined {
    const key = userHolders.holderOf(name);
    return key === undefined ? undefined : accessKeys.get(key);
  }

  function update(name: string): void {
    if (userHolders.holderOf(name) === undefined) names.delete(name);
    else names.add(name);
    sorted = undefined;
  }

  function sortedNames(): readonly string[] {
    sorted ??= [...names].sort();
    return sorted;
  }

  for (const { spec } of accessKeys.values()) update(spec.user.name);
  userHolders.subscribe(update);
  return {
    byId: (id) => accessKeys.byIndex('uid', id).find((one) => holdsUser(caches, one)),
    byName,
    find({ search, page, pageSize }) {
      const text = search.toLowerCase();
      const found = text === '' ? sortedNames() : sortedNames().filter((name) => matches(byName(name), text));
      const names = found.slice((page - 1) * pageSize, page * pageSize);
      return { users: names.flatMap((name) => byName(name) ?? []), total: found.length };
    },
  };
}

/** @param text in lower case */
function matches(record: AccessKeyRecord | undefined, text: string): boolean {
  if (!record) return false;
  const { name, email = '', firstName = '', lastName = '' } = record.spec.user;
  return [name, email, `${firstName} ${lastName}`.trim()].some((one) => one.toLowerCase().includes(text));
}
