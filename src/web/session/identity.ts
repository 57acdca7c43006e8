import { createHash } from 'node:crypto';
import { decodeJwt, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { createKubernetesClient } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';

/** A user as the API server reports it. */
export interface ClusterUser {
  name: string;
  groups: readonly string[];
}

/** How long a review is cached, milliseconds: a revoked token keeps working here for up to this time. */
const cacheMs = 15_000;
/** Bounds of the cache: the number of tokens, and the characters of their names and groups. */
const bounds = { max: 5_000, maxSize: 2_000_000 };

/**
 * Limits failed reviews: runs a review, which returns undefined if the token is rejected.
 *
 * @throws ReviewLimitError if failures have used up the limit
 */
export type ReviewLimit = <T>(review: () => Promise<T | undefined>) => Promise<T | undefined>;

/** The limit of failed reviews is exhausted. */
export class ReviewLimitError extends Error {
  override readonly name = 'ReviewLimitError';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super(`too many failed attempts, try again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Asks the API server for the user of a token.
 *
 * @param address of the client, for tokens of this operator
 * @param limit applies to calls to the API server, not to cached results; default: no limit
 * @returns the user, or undefined if the API server rejects the token
 * @throws KubernetesError, ConnectionError if the API server cannot be reached; ReviewLimitError
 */
export type ReviewToken = (token: string, address: string, limit?: ReviewLimit) => Promise<ClusterUser | undefined>;

/**
 * Sends a SelfSubjectReview (authentication.k8s.io/v1) with the token itself, so the operator needs no permission to review
 * tokens. Results are cached for some seconds by the hash of the token.
 */
export function createTokenReview(transportFor: (token: string) => Transport): ReviewToken {
  const answers = new LRUCache<string, Answer, ReviewRequest>({
    ...bounds,
    sizeCalculation: ({ user }) => 1 + [user?.name, ...(user?.groups ?? [])].join().length,
    ttl: cacheMs,
    // An entry that makes room for others while its review is in flight has a result all the same.
    ignoreFetchAbort: true,
    async fetchMethod(_key, _stale, { context: { token, limit } }) {
      const ask = () => review(transportFor(token));
      return { user: await (limit ? limit(ask) : ask()) };
    },
  });
  return async (token, _address, limit) => {
    const key = createHash('sha256').update(token).digest('base64url');
    return (await answers.fetch(key, { context: { token, limit } }))?.user;
  };
}

interface Answer {
  user: ClusterUser | undefined;
}

interface ReviewRequest {
  token: string;
  limit: ReviewLimit | undefined;
}

interface SelfSubjectReview {
  status?: { userInfo?: { username?: string; groups?: string[] } };
}

async function review(transport: Transport): Promise<ClusterUser | undefined> {
  const client = createKubernetesClient(transport);
  try {
    const { status } = await client.create<SelfSubjectReview>(resources.selfSubjectReviews, {});
    const { username, groups = [] } = status?.userInfo ?? {};
    return username ? { name: username, groups } : undefined;
  } catch (error) {
    if (isStatus(error, 401)) return undefined;
    throw error;
  }
}

/** Longer than any token that a cluster issues, characters. */
const maxTokenLength = 8_192;

/** Whether a text has the form of a bearer token (b64token of RFC 6750 section 2.1). Anything else is never sent on. */
export function isToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}

/** @returns the expiry of a JWT (claim exp), milliseconds since the epoch; Infinity if it has none */
export function expiryOfToken(token: string): number {
  const { exp } = unverifiedClaims(token);
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
}

/** @returns the key of the failure budget for a token: a hash of its claims iss and sub, or of the token if it has no sub */
export function claimedAccount(token: string): string {
  const { iss, sub } = unverifiedClaims(token);
  const account = typeof sub === 'string' ? JSON.stringify([iss, sub]) : token;
  return createHash('sha256').update(account).digest('base64url');
}

/** @returns the claims of a JWT, not verified; empty for any other token */
export function unverifiedClaims(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    return {};
  }
}
