import type { LiveServiceAccounts, ServiceAccountUser } from '../accesskey/live/live-service-accounts.ts';
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

/**
 * Limits failed reviews of tokens by the cluster, per client address and per account. Each attempt counts as a failure
 * until it is refunded.
 */
export interface ReviewBudget {
  /**
   * Takes one attempt.
   *
   * @param account unverified username of the token
   * @returns 0 if an attempt was available, otherwise the whole seconds until the next one
   */
  take(address: string, account: string): number;
  /** Returns the attempt to the address, because no review was needed. It still counts for the account. */
  refundAddress(address: string): void;
  /** Returns the attempt to both, because the token was valid or the review gave no result. */
  refund(address: string, account: string): void;
}

export interface ExchangeOptions {
  serviceAccounts: LiveServiceAccounts;
  review: ReviewServiceAccountToken;
  budget: ReviewBudget;
  /** Required audience of subject tokens. */
  audience: string;
  /** iss of the operator's tokens. */
  issuer: string;
  /** Milliseconds since the epoch. */
  now: () => number;
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
  return async (request) => {
    const unverified = readRequest(request, options);
    if ('refused' in unverified) return unverified;
    const { account, clientId } = unverified;
    const { subjectToken, address } = request;
    const retryAfterSeconds = budget.take(address, clientId);
    if (retryAfterSeconds > 0) return { refused: 'too many failed attempts', retryAfterSeconds };
    const before = onlyUserOf(serviceAccounts, account);
    if ('refused' in before) {
      budget.refundAddress(address);
      return before;
    }
    const review = isGenuine(subjectToken, clientId, options);
    const isRejected = await review.then(
      (genuine) => !genuine,
      () => false,
    );
    if (!isRejected) budget.refund(address, clientId);
    if (!(await review)) return { refused: 'the cluster does not accept the token', serviceAccount: clientId };
    // The AccessKey may have been deleted during the review.
    const after = onlyUserOf(serviceAccounts, account);
    return 'refused' in after ? after : toSubject(after.user, unverified);
  };
}

function toSubject(user: ServiceAccountUser, { clientId, exp }: SubjectToken & { clientId: string }): Subject {
  return { clientId, user, audiences: user.audiences, expiresAt: exp * 1000 };
}

/** Reads the unverified claims of the subject token. */
function readRequest(
  request: ExchangeRequest,
  { audience, issuer, now }: ExchangeOptions,
): (SubjectToken & { clientId: string }) | Refusal {
  const unverified = readSubjectToken(request.subjectToken, { audience, issuer, now: now() });
  if (!unverified) return { refused: 'not a ServiceAccount token for this audience' };
  const clientId = usernameOf(unverified.account);
  const isSame = request.clientId === undefined || request.clientId === clientId;
  return isSame ? { ...unverified, clientId } : { refused: 'client_id is not the ServiceAccount of the token' };
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
