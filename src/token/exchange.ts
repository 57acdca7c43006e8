import {
  type LiveServiceAccounts,
  type ServiceAccountName,
  type ServiceAccountUser,
  usernameOf,
} from '../accesskey/live-service-accounts.ts';
import type { ReviewServiceAccount } from './service-account-review.ts';
import { readSubjectToken } from './subject-token.ts';

/** Why a subject token was refused: for the log, the caller gets the same answer for all. */
export type ExchangeRefusal =
  | 'no token of a ServiceAccount for this audience'
  | 'client_id is not the ServiceAccount of the token'
  | 'no live AccessKey names the ServiceAccount'
  | 'several live AccessKeys name the ServiceAccount'
  | 'the cluster does not accept the token';

/** A genuine ServiceAccount and its only user. */
export interface ExchangeSubject {
  /** `system:serviceaccount:<namespace>:<name>` */
  clientId: string;
  user: ServiceAccountUser;
  /** When the subject token runs out, milliseconds since the epoch. */
  expiresAt: number;
}

export type Exchange =
  | { subject: ExchangeSubject }
  /** `serviceAccount` is there when an AccessKey names it; else it is only what a stranger says. */
  | { refused: ExchangeRefusal; serviceAccount?: string };

export interface ExchangeOptions {
  serviceAccounts: LiveServiceAccounts;
  review: ReviewServiceAccount;
  /** That the subject tokens must be for. */
  audience: string;
  /** iss of our own tokens. */
  issuer: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Finds the user whose token a ServiceAccount gets for its own (RFC 8693 section 2.1). The cluster is asked last, and
 * only about a ServiceAccount that exactly one live AccessKey names.
 *
 * @returns takes a subject token and the client_id, if there was one; throws KubernetesError or ConnectionError when the
 * cluster cannot be asked
 */
export function createExchange(options: ExchangeOptions) {
  const { serviceAccounts, review, audience, issuer, now } = options;
  return async function exchange(token: string, givenId: string | undefined): Promise<Exchange> {
    const claimed = readSubjectToken(token, { audience, issuer, now: now() });
    if (!claimed) return { refused: 'no token of a ServiceAccount for this audience' };
    const clientId = usernameOf(claimed.account);
    if (givenId !== undefined && givenId !== clientId) {
      return { refused: 'client_id is not the ServiceAccount of the token' };
    }
    const before = onlyUserOf(serviceAccounts, claimed.account);
    if ('refused' in before) return before;
    const reviewed = await review(token);
    if (!reviewed || usernameOf(reviewed) !== clientId) {
      return { refused: 'the cluster does not accept the token', serviceAccount: clientId };
    }
    // Again: the AccessKey may have gone while the cluster was asked.
    const after = onlyUserOf(serviceAccounts, claimed.account);
    if ('refused' in after) return after;
    return { subject: { clientId, user: after.user, expiresAt: claimed.exp * 1000 } };
  };
}

function onlyUserOf(
  serviceAccounts: LiveServiceAccounts,
  account: ServiceAccountName,
): { user: ServiceAccountUser } | { refused: ExchangeRefusal; serviceAccount?: string } {
  const [user, ...others] = serviceAccounts.usersOf(account);
  if (!user) return { refused: 'no live AccessKey names the ServiceAccount' };
  if (others.length === 0) return { user };
  return { refused: 'several live AccessKeys name the ServiceAccount', serviceAccount: usernameOf(account) };
}
