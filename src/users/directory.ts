import type { AccessKeyRecord } from '../accesskey/model/access-key-record.ts';
import { type AccessKeyCaches, holdsUser } from '../accesskey/model/caches.ts';
import { compareText, createSortedList } from '../kube/sorted-list.ts';

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

/** A user, with what a search needs, so that it looks up nothing. */
interface Entry {
  readonly name: string;
  record: AccessKeyRecord;
  /** The searched fields in lower case. */
  text: string;
}

/** Creates a directory that keeps the users sorted, so that a page without a search costs only the page. */
export function createUserDirectory(caches: AccessKeyCaches): UserDirectory {
  const { accessKeys, userHolders } = caches;
  const entries = new Map<string, Entry>();
  const sorted = createSortedList<Entry>(
    (a, b) => compareText(a.name, b.name),
    () => entries.values(),
  );

  function byName(name: string): AccessKeyRecord | undefined {
    const key = userHolders.holderOf(name);
    return key === undefined ? undefined : accessKeys.get(key);
  }

  function update(name: string): void {
    const record = byName(name);
    const entry = entries.get(name);
    if (entry && record) Object.assign(entry, { record, text: searchedText(record) });
    else if (entry) {
      entries.delete(name);
      sorted.remove(entry);
    } else if (record) {
      const added = { name, record, text: searchedText(record) };
      entries.set(name, added);
      sorted.add(added);
    }
  }

  for (const { spec } of accessKeys.values()) update(spec.user.name);
  userHolders.subscribe(update);
  accessKeys.subscribe(({ current }) => {
    if (current && holdsUser(caches, current)) update(current.spec.user.name);
  });
  return {
    byId: (id) => accessKeys.byIndex('uid', id).find((one) => holdsUser(caches, one)),
    byName,
    find({ search, page, pageSize }) {
      const text = search.toLowerCase();
      if (text.includes(separator)) return { users: [], total: 0 };
      const found = text === '' ? sorted.values() : sorted.values().filter((one) => one.text.includes(text));
      const users = found.slice((page - 1) * pageSize, page * pageSize).map(({ record }) => record);
      return { users, total: found.length };
    },
  };
}

/** Between the fields of a searched text. A search with this character would find a part of two fields. */
const separator = '\0';

function searchedText({ spec }: AccessKeyRecord): string {
  const { name, email = '', firstName = '', lastName = '' } = spec.user;
  return [name, email, `${firstName} ${lastName}`.trim()].join(separator).toLowerCase();
}
