import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { type AccessKeyCaches, federatedKey, holdsUser, isBeingDeleted } from '../model/caches.ts';
import type { ServiceAccountUser } from './live-service-accounts.ts';

/** An issuer whose subjects AccessKeys can name. */
export interface NamedIssuer {
  issuer: string;
  /** The namespaces whose AccessKeys may name its subjects; undefined: all. */
  namespaces?: readonly string[] | undefined;
}

/** A user for whom a subject of another issuer can get tokens. */
export interface FederatedUser extends ServiceAccountUser {
  /** namespace/name of the AccessKey. */
  accessKey: string;
  /** Audiences with which the AccessKey names the subject. */
  subjectAudiences: readonly string[];
}

/** Finds the users of subjects of other issuers in the caches. */
export interface LiveFederated {
  /**
   * The users of the live AccessKeys that name the subject, in the namespaces that may name it. An AccessKey is live if it
   * is not suspended, neither it nor its namespace is being deleted, and it holds its user.
   */
  usersOf(issuer: string, subject: string): FederatedUser[];
}

/** @param issuers the trusted issuers; the subjects of others have no users */
export function createLiveFederated(caches: AccessKeyCaches, issuers: readonly NamedIssuer[]): LiveFederated {
  const trusted = new Map(issuers.map((one) => [one.issuer, one]));
  return {
    usersOf(issuer, subject) {
      const known = trusted.get(issuer);
      if (!known) return [];
      const mayName = ({ namespace }: AccessKeyRecord) => known.namespaces?.includes(namespace) !== false;
      const isLive = (one: AccessKeyRecord) =>
        !one.spec.suspended && !isBeingDeleted(caches, one) && holdsUser(caches, one);
      return caches.accessKeys
        .byIndex('federated', federatedKey({ issuer, subject }))
        .filter((one) => mayName(one) && isLive(one))
        .map(({ key, uid, spec: { user, audiences, federated = [] } }) => ({
          accessKey: key,
          id: uid,
          name: user.name,
          groups: user.groups ?? [],
          audiences,
          subjectAudiences: federated
            .filter((one) => one.issuer === issuer && one.subject === subject)
            .map(({ audience }) => audience),
        }));
    },
  };
}

/** The client_id of a subject. An issuer contains no number sign, in contrast to a subject; no ak contains one. */
export function federatedClientId(issuer: string, subject: string): string {
  return `${issuer}#${subject}`;
}

/** @returns the subject that a client_id identifies; undefined for a key pair or a ServiceAccount */
export function parseFederatedClientId(clientId: string): { issuer: string; subject: string } | undefined {
  const at = clientId.indexOf('#');
  return at < 0 ? undefined : { issuer: clientId.slice(0, at), subject: clientId.slice(at + 1) };
}
