/** The users for whom ServiceAccounts, and subjects of other issuers, can get tokens. */
import type { ServiceAccountName } from '../../kube/names.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { type AccessKeyCaches, federatedKey, holdsUser, isBeingDeleted } from '../model/caches.ts';

/** Most users of an account that are looked up. More than one is a conflict, which the log reports with these. */
const maxUsers = 8;

/** A user for whom a ServiceAccount, or a subject of another issuer, can get tokens. */
export interface LiveUser {
  /** uid of the AccessKey. */
  id: string;
  name: string;
  groups: readonly string[];
  /** Audiences that a token may have instead of the configured one. */
  audiences?: readonly string[] | undefined;
}

/** A user for whom a subject of another issuer can get tokens. */
export interface FederatedUser extends LiveUser {
  /** namespace/name of the AccessKey. */
  accessKey: string;
  /** Audiences with which the AccessKey names the subject. */
  subjectAudiences: readonly string[];
}

/** An issuer whose subjects AccessKeys can name. */
export interface NamedIssuer {
  issuer: string;
  /** The namespaces whose AccessKeys may name its subjects; undefined: all. */
  namespaces?: readonly string[] | undefined;
}

/** A subject of another issuer. */
export interface FederatedSubject {
  issuer: string;
  subject: string;
}

/**
 * Finds the users of accounts in the caches. An AccessKey is live if it is not suspended, neither it nor its namespace is
 * being deleted, and it holds its user.
 */
export interface LiveUsers<A, U extends LiveUser = LiveUser> {
  /** @returns the users of the live AccessKeys that name the account, at most `maxUsers` */
  usersOf(account: A): U[];
  /**
   * Any number of AccessKeys can name an account, so a request with a token looks up only that of the token.
   *
   * @returns the user of the AccessKey with this uid; undefined if it is not live or does not name the account
   */
  userOf(account: A, uid: string): U | undefined;
}

/** Only AccessKeys in the namespace of a ServiceAccount can name it. */
export type LiveServiceAccounts = LiveUsers<ServiceAccountName>;
/** AccessKeys in the namespaces of the issuer can name its subjects. */
export type LiveFederated = LiveUsers<FederatedSubject, FederatedUser>;

export function createLiveServiceAccounts(caches: AccessKeyCaches): LiveServiceAccounts {
  return createLiveUsers(caches, {
    naming: ({ namespace, name }) => caches.accessKeys.byIndex('serviceAccount', `${namespace}/${name}`),
    names: (one, { namespace, name }) =>
      one.namespace === namespace && one.spec.serviceAccounts?.includes(name) === true,
    toUser: toLiveUser,
  });
}

/** @param issuers the trusted issuers; the subjects of others have no users */
export function createLiveFederated(caches: AccessKeyCaches, issuers: readonly NamedIssuer[]): LiveFederated {
  const trusted = new Map(issuers.map((one) => [one.issuer, one]));
  function mayName({ namespace }: AccessKeyRecord, { issuer }: FederatedSubject): boolean {
    const known = trusted.get(issuer);
    return known !== undefined && known.namespaces?.includes(namespace) !== false;
  }
  const audiencesOf = ({ spec: { federated = [] } }: AccessKeyRecord, { issuer, subject }: FederatedSubject) =>
    federated.filter((one) => one.issuer === issuer && one.subject === subject).map(({ audience }) => audience);
  return createLiveUsers(caches, {
    naming: (account) => caches.accessKeys.byIndex('federated', federatedKey(account)),
    names: (one, account) => mayName(one, account) && audiencesOf(one, account).length > 0,
    toUser: (one, account): FederatedUser => ({
      ...toLiveUser(one),
      accessKey: one.key,
      subjectAudiences: audiencesOf(one, account),
    }),
  });
}

interface Naming<A, U> {
  /** The AccessKeys that may name the account, by an index. */
  naming(account: A): readonly AccessKeyRecord[];
  names(accessKey: AccessKeyRecord, account: A): boolean;
  toUser(accessKey: AccessKeyRecord, account: A): U;
}

function createLiveUsers<A, U extends LiveUser>(
  caches: AccessKeyCaches,
  { naming, names, toUser }: Naming<A, U>,
): LiveUsers<A, U> {
  return {
    usersOf(account) {
      const users: U[] = [];
      for (const one of naming(account)) {
        if (names(one, account) && isLive(caches, one)) users.push(toUser(one, account));
        if (users.length === maxUsers) break;
      }
      return users;
    },
    userOf(account, uid) {
      const one = caches.accessKeys.byIndex('uid', uid).find((each) => names(each, account) && isLive(caches, each));
      return one && toUser(one, account);
    },
  };
}

function isLive(caches: AccessKeyCaches, accessKey: AccessKeyRecord): boolean {
  return !accessKey.spec.suspended && !isBeingDeleted(caches, accessKey) && holdsUser(caches, accessKey);
}

function toLiveUser({ uid, spec: { user, audiences } }: AccessKeyRecord): LiveUser {
  return { id: uid, name: user.name, groups: user.groups ?? [], audiences };
}

/** The client_id of a subject. An issuer contains no number sign, in contrast to a subject; no ak contains one. */
export function federatedClientId({ issuer, subject }: FederatedSubject): string {
  return `${issuer}#${subject}`;
}

/** @returns the subject that a client_id identifies; undefined for a key pair or a ServiceAccount */
export function parseFederatedClientId(clientId: string): FederatedSubject | undefined {
  const at = clientId.indexOf('#');
  return at < 0 ? undefined : { issuer: clientId.slice(0, at), subject: clientId.slice(at + 1) };
}
