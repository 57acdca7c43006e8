import type { AccessKeyRecord } from '../accesskey/model/access-key-record.ts';
import { type AccessKeyCaches, holdsUser } from '../accesskey/model/caches.ts';

/** Which users are asked for. */
export interface UserQuery {
  /** In any letter case, part of the name, the mail address, or the first and the last name; empty: all users. */
  search: string;
  /** Counted from 1. */
  page: number;
  pageSize: number;
}

/** The users of the cluster: each is the AccessKey that holds the claim on its name, and no other is. */
export interface UserDirectory {
  byId(id: string): AccessKeyRecord | undefined;
  byName(name: string): AccessKeyRecord | undefined;
  /** One page in the order of names (UTF-16 code units, no locale), and how many there are on all pages. */
  find(query: UserQuery): { users: AccessKeyRecord[]; total: number };
}

/** Keeps the order of names between two changes, so that a page without a search costs no more than the page. */
export function createUserDirectory(caches: AccessKeyCaches): UserDirectory {
  const { accessKeys, userHolders } = caches;
  const names = new Set<string>();
  let ordered: readonly string[] | undefined;

  function byName(name: string): AccessKeyRecord | undefined {
    const key = userHolders.holderOf(name);
    return key === undefined ? undefined : accessKeys.get(key);
  }

  function note(name: string): void {
    if (userHolders.holderOf(name) === undefined) names.delete(name);
    else names.add(name);
    ordered = undefined;
  }

  function inOrder(): readonly string[] {
    ordered ??= [...names].sort();
    return ordered;
  }

  for (const { spec } of accessKeys.values()) note(spec.user.name);
  userHolders.subscribe(note);
  return {
    byId: (id) => accessKeys.byIndex('uid', id).find((one) => holdsUser(caches, one)),
    byName,
    find({ search, page, pageSize }) {
      const wanted = search.toLowerCase();
      const found = wanted === '' ? inOrder() : inOrder().filter((name) => matches(byName(name), wanted));
      const names = found.slice((page - 1) * pageSize, page * pageSize);
      return { users: names.flatMap((name) => byName(name) ?? []), total: found.length };
    },
  };
}

/** @param wanted in lower case */
function matches(record: AccessKeyRecord | undefined, wanted: string): boolean {
  if (!record) return false;
  const { name, email = '', firstName = '', lastName = '' } = record.spec.user;
  return [name, email, `${firstName} ${lastName}`.trim()].some((one) => one.toLowerCase().includes(wanted));
}
