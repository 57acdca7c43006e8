import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isStatus } from '../../kube/errors.ts';
import type { Transport } from '../../kube/transport.ts';

/** A user as the cluster knows one. */
export interface ClusterUser {
  name: string;
  groups: readonly string[];
}

/** How long an answer holds, milliseconds: a token that is withdrawn works so long on here. */
const rememberedMs = 15_000;
const maxAnswers = 5_000;

/**
 * Asks the cluster whose a token is.
 *
 * @returns undefined when the API server would not accept it
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked
 */
export type ReviewToken = (token: string) => Promise<ClusterUser | undefined>;

/**
 * Asks by SelfSubjectReview (authentication.k8s.io/v1) with the token itself: the API server accepts it or not, and the
 * operator needs no right to review tokens. Answers are remembered for some seconds, by the hash of the token.
 */
export function createTokenReview(withToken: (token: string) => Transport): ReviewToken {
  const answers = new LRUCache<string, { user: ClusterUser | undefined }, string>({
    max: maxAnswers,
    ttl: rememberedMs,
    fetchMethod: async (_key, _stale, { context }) => ({ user: await review(withToken(context)) }),
  });
  return async (token) => {
    const key = createHash('sha256').update(token).digest('base64url');
    return (await answers.fetch(key, { context: token }))?.user;
  };
}

async function review(transport: Transport): Promise<ClusterUser | undefined> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const headers = { 'Content-Type': 'application/json' };
  try {
    const answer = await transport.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers,
      body,
    });
    const { status } = (await answer.body.json()) as {
      status?: { userInfo?: { username?: string; groups?: string[] } };
    };
    const { username, groups = [] } = status?.userInfo ?? {};
    return username ? { name: username, groups } : undefined;
  } catch (error) {
    if (isStatus(error, 401)) return undefined;
    throw error;
  }
}

/** Longer than any token that a cluster gives, characters. */
const maxTokenLength = 8_192;

/** Whether a text can be a bearer token (b64token of RFC 6750 section 2.1): anything else is not sent anywhere. */
export function isToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}

/** When a JWT runs out by its exp (RFC 7519), milliseconds since the epoch; Infinity for what does not say so. */
export function expiryOfToken(token: string): number {
  const { exp } = claimsOf(token);
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
}

/** Whose token a JWT says that it is, as a key for an account of failures; of what says nothing, the token itself. */
export function claimedAccount(token: string): string {
  const { iss, sub } = claimsOf(token);
  const claimed = typeof sub === 'string' ? JSON.stringify([iss, sub]) : token;
  return createHash('sha256').update(claimed).digest('base64url');
}

/** What stands in a JWT, not verified; nothing for what is none. */
function claimsOf(token: string): { exp?: unknown; iss?: unknown; sub?: unknown } {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) ?? {};
  } catch {
    return {};
  }
}
