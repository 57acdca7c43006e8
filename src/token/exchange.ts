import type { LiveServiceAccounts, ServiceAccountUser } from '../accesskey/live/live-service-accounts.ts';
import type { KubernetesClient } from '../kube/client.ts';
import { parseUsername, type ServiceAccountName, usernameOf } from '../kube/names.ts';
import type { Refusal, Subject } from './issue.ts';
import { readSubjectToken, type SubjectToken } from './subject-token.ts';

/** The grant type of a token exchange (RFC 8693 section 2.1). */
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

/**
 * Asks the cluster whether a token is a genuine ServiceAccount token.
 *
 * @returns its ServiceAccount; undefined if the token is not genuine, has expired, is for another audience, or belongs to
 * something else than a ServiceAccount
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked
 */
export type ReviewServiceAccount = (token: string) => Promise<ServiceAccountName | undefined>;

/**
 * Creates a review by TokenReview (authentication.k8s.io/v1), which also rejects a token whose pod or ServiceAccount was
 * deleted.
 *
 * @param audience of the tokens. The response must name it: an authenticator that ignores audiences would accept a token
 * that was issued for another service
 */
export function createServiceAccountReview(client: KubernetesClient, audience: string): ReviewServiceAccount {
  return async (token) => {
    const { status } = await client.authentication.createTokenReview({
      body: { spec: { token, audiences: [audience] } },
    });
    if (status?.authenticated !== true || !status.audiences?.includes(audience)) return undefined;
    return parseUsername(status.user?.username ?? '');
  };
}

/** How often tokens that turn out wrong are looked at, by the address that they come from. */
export interface ReviewBudget {
  /** Takes an attempt. @returns 0 when there was one, else the whole seconds until there is one */
  take(address: string, account: ServiceAccountName): number;
  /** The cluster was not asked: the attempt counts against this ServiceAccount only. */
  giveBackReview(address: string): void;
  /** The token was right. */
  giveBack(address: string, account: ServiceAccountName): void;
}

export interface ExchangeOptions {
  serviceAccounts: LiveServiceAccounts;
  review: ReviewServiceAccount;
  budget: ReviewBudget;
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
 * What cannot be right by its own words costs no budget. One that no AccessKey names costs that of its own name, since
 * whether it is throttled would else tell a stranger whether it is named.
 *
 * @returns takes a subject token, the client_id, if there was one, and the address that they come from; throws
 * KubernetesError or ConnectionError when the cluster cannot be asked
 */
export function createExchange(options: ExchangeOptions) {
  const { serviceAccounts, budget } = options;
  return async function exchange(token: string, givenId: string | undefined, from: string): Promise<Subject | Refusal> {
    const claimed = claimOf(token, givenId, options);
    if ('refused' in claimed) return claimed;
    const { account, clientId } = claimed;
    const retryAfterSeconds = budget.take(from, account);
    if (retryAfterSeconds > 0) return { refused: 'too many failed attempts', retryAfterSeconds };
    const before = onlyUserOf(serviceAccounts, account);
    if ('refused' in before) {
      budget.giveBackReview(from);
      return before;
    }
    if (!(await isGenuine(token, clientId, options))) {
      return { refused: 'the cluster does not accept the token', serviceAccount: clientId };
    }
    budget.giveBack(from, account);
    // Again: the AccessKey may have gone while the cluster was asked.
    const after = onlyUserOf(serviceAccounts, account);
    return 'refused' in after ? after : { clientId, user: after.user, expiresAt: claimed.exp * 1000 };
  };
}

/** What a token says of itself, unless that cannot be right. */
function claimOf(
  token: string,
  givenId: string | undefined,
  { audience, issuer, now }: ExchangeOptions,
): (SubjectToken & { clientId: string }) | Refusal {
  const claimed = readSubjectToken(token, { audience, issuer, now: now() });
  if (!claimed) return { refused: 'no token of a ServiceAccount for this audience' };
  const clientId = usernameOf(claimed.account);
  const isSame = givenId === undefined || givenId === clientId;
  return isSame ? { ...claimed, clientId } : { refused: 'client_id is not the ServiceAccount of the token' };
}

async function isGenuine(token: string, clientId: string, { review }: ExchangeOptions): Promise<boolean> {
  const reviewed = await review(token);
  return reviewed !== undefined && usernameOf(reviewed) === clientId;
}

function onlyUserOf(
  serviceAccounts: LiveServiceAccounts,
  account: ServiceAccountName,
): { user: ServiceAccountUser } | Refusal {
  const [user, ...others] = serviceAccounts.usersOf(account);
  if (!user) return { refused: 'no live AccessKey names the ServiceAccount' };
  if (others.length === 0) return { user };
  return { refused: 'several live AccessKeys name the ServiceAccount', serviceAccount: usernameOf(account) };
}
