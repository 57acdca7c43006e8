import type { LiveServiceAccounts, LiveUser } from '../accesskey/live/live-users.ts';
import type { KubernetesClient } from '../kube/client.ts';
import { ConnectionError } from '../kube/errors.ts';
import { parseUsername, type ServiceAccountName, usernameOf } from '../kube/names.ts';
import { resources } from '../kube/resource.ts';
import type { Subject } from './claims.ts';
import type { ExchangeRequest } from './issue.ts';
import type { Refusal } from './refusal.ts';
import { readSubjectToken, type SubjectToken } from './subject-token.ts';

/** The grant type of a token exchange (RFC 8693 section 2.1). */
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The grant type of a JWT as authorization grant (RFC 7523 section 2.1). */
export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** @returns the supported grant types; that of RFC 7523 only if an issuer is trusted */
export function grantTypesOf(hasTrustedIssuers: boolean): readonly string[] {
  return ['client_credentials', tokenExchange, ...(hasTrustedIssuers ? [jwtBearer] : [])];
}

/**
 * Asks the API server to validate a ServiceAccount token.
 *
 * @returns the ServiceAccount; undefined if the token is invalid, has expired, is for another audience, or does not belong
 * to a ServiceAccount
 * @throws KubernetesError, ConnectionError if the cluster is unavailable
 */
export type ReviewServiceAccountToken = (token: string) => Promise<ServiceAccountName | undefined>;

interface TokenReview {
  status?: { authenticated?: boolean; audiences?: readonly string[]; user?: { username?: string } };
}

/**
 * Reviews tokens with TokenReview (authentication.k8s.io/v1), which also rejects a token whose pod or ServiceAccount
 * was deleted.
 *
 * @param audience required audience of the tokens. The response must name it: an authenticator that ignores audiences
 * would accept a token that was issued for another service
 */
export function createServiceAccountTokenReview(client: KubernetesClient, audience: string): ReviewServiceAccountToken {
  return async (token) => {
    const { status } = await client.create<TokenReview>(resources.tokenReviews, {
      spec: { token, audiences: [audience] },
    });
    // A response without a result, for example of a broken proxy, says nothing about the token.
    if (!status) throw new ConnectionError('tokenreviews: response has no status');
    if (status.authenticated !== true || !status.audiences?.includes(audience)) return undefined;
    return parseUsername(status.user?.username ?? '');
  };
}

/** The result of an attempt, and whether it is a failure: only of its account, or also of its address. */
export interface Attempt<T> {
  result: T;
  failed?: 'account' | 'both' | undefined;
}

/** Limits failed reviews of tokens, per client address and per account. */
export interface ReviewBudget {
  /**
   * Reviews a token, unless failures have used up the budget. As many reviews as may still fail are in flight at the same
   * time; others wait for one of them.
   *
   * @param client `account` is the unverified username of the token
   * @param review if it throws, the token was not reviewed, which is no failure
   * @returns the result, or the whole seconds until the next attempt
   * @throws what the review throws
   */
  attempt<T>(
    client: { address: string; account: string },
    review: () => Promise<Attempt<T>>,
  ): Promise<{ result: T } | { retryAfterSeconds: number }>;
}

export interface ExchangeOptions {
  serviceAccounts: Pick<LiveServiceAccounts, 'usersOf'>;
  review: ReviewServiceAccountToken;
  budget: ReviewBudget;
  /** Required audience of subject tokens. */
  audience: string;
  /** iss of the operator's tokens. */
  issuer: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The unverified claims of a subject token. */
interface Unverified extends SubjectToken {
  clientId: string;
}

/**
 * Exchanges a ServiceAccount token for a token of a user (RFC 8693 section 2.1). The token is reviewed only if exactly
 * one AccessKey that is not suspended and holds its user names the ServiceAccount, which is checked again afterwards.
 *
 * A token whose claims are invalid costs no attempt. A ServiceAccount that no AccessKey names has the same limit as any
 * other, although it does not count for the address: otherwise throttling would reveal which ServiceAccounts are named.
 *
 * @returns a function that throws KubernetesError or ConnectionError if the cluster is unavailable
 */
export function createExchange(options: ExchangeOptions): (request: ExchangeRequest) => Promise<Subject | Refusal> {
  const { serviceAccounts, budget } = options;

  /** @returns why the token is refused; undefined if it is genuine */
  async function review(subjectToken: string, token: Unverified): Promise<Attempt<Refusal | undefined>> {
    const before = onlyUserOf(serviceAccounts, token.account);
    if ('refused' in before) return { result: before, failed: 'account' };
    if (await isGenuine(subjectToken, token.clientId, options)) return { result: undefined };
    return {
      result: { refused: 'rejected-token', serviceAccount: token.clientId },
      failed: 'both',
    };
  }

  return async (request) => {
    const unverified = readRequest(request, options);
    if ('refused' in unverified) return unverified;
    const { account, clientId } = unverified;
    const { subjectToken, address } = request;
    const reviewed = await budget.attempt({ address, account: clientId }, () => review(subjectToken, unverified));
    if ('retryAfterSeconds' in reviewed) return { refused: 'throttled', ...reviewed };
    if (reviewed.result) return reviewed.result;
    // The AccessKey may have been deleted during the review.
    const after = onlyUserOf(serviceAccounts, account);
    return 'refused' in after ? after : toSubject(after.user, unverified);
  };
}

function toSubject(user: LiveUser, { clientId, exp }: Unverified): Subject {
  return { clientId, user, audiences: user.audiences, expiresAt: exp * 1000 };
}

/** Reads the unverified claims of the subject token. */
function readRequest(request: ExchangeRequest, { audience, issuer, now }: ExchangeOptions): Unverified | Refusal {
  const unverified = readSubjectToken(request.subjectToken, { audience, issuer, now: now() });
  if (!unverified) return { refused: 'no-service-account-token' };
  const clientId = usernameOf(unverified.account);
  const isSame = request.clientId === undefined || request.clientId === clientId;
  return isSame ? { ...unverified, clientId } : { refused: 'other-service-account' };
}

async function isGenuine(token: string, clientId: string, { review }: ExchangeOptions): Promise<boolean> {
  const reviewed = await review(token);
  return reviewed !== undefined && usernameOf(reviewed) === clientId;
}

function onlyUserOf(
  serviceAccounts: ExchangeOptions['serviceAccounts'],
  account: ServiceAccountName,
): { user: LiveUser } | Refusal {
  const [user, ...others] = serviceAccounts.usersOf(account);
  if (!user) return { refused: 'unnamed-service-account' };
  if (others.length === 0) return { user };
  return { refused: 'ambiguous-service-account', serviceAccount: usernameOf(account) };
}
