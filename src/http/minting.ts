import type { PairCandidate } from '../accesskey/live-pairs.ts';
import type { KeyPair } from '../credential/key-pair.ts';
import { authenticate } from '../token/authenticate.ts';
import { createExchange } from '../token/exchange.ts';
import { type Credential, createGrants, type Granted, type Refused } from '../token/grant.ts';
import { createSharedSigning, type Sign } from '../token/shared-signing.ts';
import type { TokenMetrics } from '../token/token-metrics.ts';
import type { Dependencies, RequestVariables } from './environment.ts';
import { requireKeys } from './key-routes.ts';
import { createReviewBudget } from './review-budget.ts';
import { createFailureThrottle } from './throttle.ts';

/** A failed attempt: the whole seconds until the address is answered with a 401 again, 0 while it is. */
export interface Failed {
  retryAfterSeconds: number;
}

/** Gives tokens to requests: what every token endpoint has in common. Each says it in its own form. */
export interface Minting {
  /**
   * Gives a token, or says no; writes the audit record and keeps account of failures.
   *
   * @param days validity
   * @throws PlatformError 503 while there are no keys; KubernetesError, ConnectionError when the cluster cannot be asked
   */
  mint(context: RequestVariables, credential: Credential, days: number): Promise<Granted | Failed>;
  /** Checks a pair without giving a token, with the same account of failures. */
  check(context: RequestVariables, pair: KeyPair): PairCandidate | Failed;
}

/** What the audit record of a refusal begins with. */
const refusal = { audit: true, event: 'token.refused' };

/**
 * The pair is checked first, at the cost of one hash, and only a failure is throttled: so a right pair is answered from
 * any address. A ServiceAccount's token costs a call to the API server: it takes one of the failures that it may have at
 * its address before it is looked at, and gives it back when it was right (review-budget.ts).
 */
export function createMinting(dependencies: Dependencies): Minting {
  const { token: options, pairs, serviceAccounts, reviewServiceAccount: review, lastUsed, now } = dependencies;
  const { issuer, exchangeAudience = issuer } = options;
  const budget = createReviewBudget(options.failureThrottle);
  const exchange = createExchange({ serviceAccounts, review, budget, audience: exchangeAudience, issuer, now });
  const metrics = dependencies.tokenMetrics;
  const sign = measured(createSharedSigning(), metrics);
  const grant = createGrants({ pairs, exchange, sign, claims: options, now });
  const throttle = createFailureThrottle(options.failureThrottle);

  function fail(context: RequestVariables, refused: Refused, retryAfterSeconds: number): Failed {
    Object.assign(context.get('logFields'), refused, retryAfterSeconds > 0 && { throttled: true });
    return { retryAfterSeconds };
  }

  function refuse(context: RequestVariables, refused: Refused, retryAfterSeconds: number): Failed {
    Object.assign(context.get('logFields'), refusal);
    metrics?.requested('refused');
    return fail(context, refused, retryAfterSeconds);
  }

  function issue(context: RequestVariables, granted: Granted): Granted {
    Object.assign(context.get('logFields'), issuedRecord(granted));
    if (granted.pairName !== undefined) lastUsed.touch(granted.claims.sub, granted.pairName);
    metrics?.requested('granted');
    return granted;
  }

  return {
    async mint(context, credential, days) {
      const keys = requireKeys(dependencies);
      const from = context.get('clientAddress');
      const result = await grant(credential, from, days, keys).catch((error: unknown) => {
        Object.assign(context.get('logFields'), { ...refusal, refused: 'the cluster cannot be asked' });
        throw error;
      });
      if ('refused' in result) {
        const { retryAfterSeconds = 'pair' in credential ? throttle.failed(from) : 0, ...refused } = result;
        return refuse(context, refused, retryAfterSeconds);
      }
      return issue(context, result.granted);
    },
    check(context, { ak, sk }) {
      const result = authenticate(pairs, ak, sk, now());
      if (!('granted' in result)) return fail(context, result, throttle.failed(context.get('clientAddress')));
      lastUsed.touch(result.granted.user.id, result.granted.pairName);
      return result.granted;
    },
  };
}

/** Tells how long each request waited for its signature, its own or one that it shares. */
function measured(sign: Sign, metrics: TokenMetrics | undefined): Sign {
  return async (claims, keys) => {
    const startedAt = performance.now();
    const token = await sign(claims, keys);
    metrics?.signed((performance.now() - startedAt) / 1000);
    return token;
  };
}

/** What the audit record tells of a token. The token itself has no number: its claims name it. */
function issuedRecord({ claims, pairName }: Granted): Record<string, unknown> {
  const client = pairName === undefined ? { serviceAccount: claims.client_id } : { ak: claims.client_id, pairName };
  return {
    ...{ audit: true, event: 'token.issued' },
    ...client,
    user: claims.preferred_username,
    subject: claims.sub,
    expires: claims.exp,
  };
}
